/* The one table: what each file may say, how it is read, what holds when nothing is said, and the
 * sentences of the manual. A new key is a row here (and a field in config.h); parsing, --dump-config,
 * `renewctl check` and renewd.conf(5) follow. */

#include "config/table.h"

#include <string.h>

#define AT(type, member)          offsetof(type, member), offsetof(type, member)
#define AT2(type, member, second) offsetof(type, member), offsetof(type, second)
#define CA(member)                AT(CaDraft, ca.member)
#define CERT(member)              AT(CertificateDraft, certificate.member)
#define SERVICE(member)           AT(ServiceConfig, member)
#define ANY_DEPLOY                (CONFIG_CERTIFICATE | CONFIG_SERVICE)

/* clang-format off */
const ConfigKey config_keys[] = {
        { CONFIG_MAIN, "Account", "Email", &value_email, AT(Config, email), NULL,
          "Where the CAs may write to about the account. May be left out. A CA's Contact= says otherwise for "
          "that CA." },
        { CONFIG_MAIN, "Account", "AgreeToTerms", &value_bool, AT(Config, agree_to_terms), "no",
          "Whether you agree to the terms of service of the certificate authorities in use. Without "
          "agreement no account is made and nothing is ordered." },
        { CONFIG_MAIN, "Account", "Proxy", &value_proxy, AT(Config, proxy), NULL,
          "The HTTP proxy through which CAs are reached, as http://HOST:PORT. Unset: none; the environment "
          "has no say. A CA's Proxy= says otherwise for that CA." },

        { CONFIG_MAIN, "Defaults", "CA", &value_cas, AT2(Config, default_ca, default_fallback_cas), "letsencrypt",
          "The certificate authorities of certificates that do not name one: file names below ca/ "
          "without .conf. The first is asked; the next one when it has failed three times, could not "
          "be reached for hours, or when the certificate is about to expire. At the next renewal the "
          "first is asked again." },
        { CONFIG_MAIN, "Defaults", "KeyType", &value_key_types,
          AT2(Config, default_key_types, default_key_type_count), "ecdsa-p256",
          "The kind of private key: ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, or ed25519 where the CA "
          "takes it. Two of different families (ecdsa-p256 rsa-2048) make twins: a second certificate "
          "for the same names, called NAME.TYPE, for services that serve old and new clients." },
        { CONFIG_MAIN, "Defaults", "ReuseKey", &value_bool, AT(Config, default_reuse_key), "no",
          "Whether a renewal keeps the private key instead of making a new one, for services that are "
          "pinned to it (DANE, key pins). A key that is known to be compromised is never kept." },
        { CONFIG_MAIN, "Defaults", "StrictNames", &value_bool, AT(Config, default_strict_names), "no",
          "Whether a certificate that has more names than were asked for is refused. Some CAs add www.; "
          "no: that is said in the log, and the certificate is taken. yes: it fails, and is asked for again "
          "after a day." },
        { CONFIG_MAIN, "Defaults", "Challenge", &value_challenges,
          AT2(Config, default_challenges, default_challenge_count), NULL,
          "How control of a name is shown, preferred first: http-01, tls-alpn-01, dns-01, dns-account-01, "
          "dns-persist-01. Unset: what this machine can do, in the order http-01 (it answers on port 80), "
          "tls-alpn-01 (it answers on port 443), dns-01 (DNS= is set); wildcards by dns-01. dns-persist-01 "
          "is used only when it is named here: its record is yours to write, as renewctl dns-persist "
          "prints it." },
        { CONFIG_MAIN, "Defaults", "Profile", &value_profile, AT(Config, default_profile), NULL,
          "The profile of the CA to order by, if the CA offers it: a kind of certificate, for example "
          "shortlived. It counts for the next order." },
        { CONFIG_MAIN, "Defaults", "RequireProfile", &value_profile, AT(Config, default_require_profile), NULL,
          "The same as Profile=, but without this profile nothing is ordered." },
        { CONFIG_MAIN, "Defaults", "PreferredChain", &value_text, AT(Config, default_preferred_chain), NULL,
          "Which chain to take where a CA offers several: the common name of the issuer of its last "
          "certificate (mostly a root), or the SHA-256 of its last certificate. Unset, or if there is no "
          "such chain: the CA's default." },
        { CONFIG_MAIN, "Defaults", "Lifetime", &value_lifetime, AT(Config, default_lifetime_sec), NULL,
          "How long certificates shall live, for example 7d. Few CAs let you choose; others refuse the "
          "order. Unset: what the CA gives." },

        { CONFIG_MAIN, "Defaults", "PreFlight", &value_bool, AT(Config, default_preflight), "yes",
          "Whether the names are looked at before an order: does a probe of renewd's own come back over "
          "http-01, do CAA records allow the CA. What is wrong is shown and delays the first attempts for "
          "minutes up to two hours; then the order is placed all the same. For tls-alpn-01 renewd shakes hands with "
          "port 443 as the CA will; what it meets is a warning, and delays nothing." },
        { CONFIG_MAIN, "Defaults", "Rehearse", &value_bool_text, AT(Config, default_rehearse), NULL,
          "Whether a renewal is rehearsed some days before it is due: the whole way is walked at the CA that "
          "Staging= of the certificate's first CA names, challenges included, and what comes is thrown away. A "
          "failure is shown, while there is time to mend it. Unset: yes for certificates that live 60 days or "
          "longer. A CA without Staging= is never rehearsed." },
        { CONFIG_MAIN, "Defaults", "DNS", &value_item_name, AT(Config, default_dns), NULL,
          "The DNS provider that writes the records of dns-01: a file name below dns/ without .conf." },
        { CONFIG_MAIN, "Defaults", "ChallengeHook", &value_command, AT(Config, default_challenge_hook), NULL,
          "A command (absolute path and arguments, no shell) that is run with present before, and with cleanup "
          "after, the CA asks here for the answer to a challenge, for example to open a firewall. See "
          "CHALLENGE PROGRAMS." },

        { CONFIG_MAIN, "HTTP", "Listen", &value_listen, AT(Config, http_listen), NULL,
          "Where the engine answers http-01 challenges besides the sockets that systemd hands in: the "
          "path of a unix socket or ADDRESS:PORT on loopback, for a web server that passes "
          "/.well-known/acme-challenge/ on. May be given more than once." },
        { CONFIG_MAIN, "HTTP", "ChallengeDirectory", &value_path, AT(Config, challenge_directory), NULL,
          "A directory where the answers to http-01 challenges are also written as files, for a web "
          "server that maps /.well-known/acme-challenge/ to it. The engine must be able to write "
          "there; /run/renewd/challenges is made for this." },
        { CONFIG_MAIN, "HTTP", "RedirectToHTTPS", &value_bool, AT(Config, redirect_to_https), "no",
          "Whether the engine's own listener answers all other requests with a redirection to https." },

        { CONFIG_MAIN, "TLS", "Listen", &value_listen, AT(Config, tls_listen), NULL,
          "Where the engine answers tls-alpn-01 challenges besides the sockets that systemd hands in "
          "(renewd-https.socket): the path of a unix socket or ADDRESS:PORT on loopback, for a proxy on "
          "port 443 that passes connections on whose ALPN is acme-tls/1, undeciphered. A header of the "
          "PROXY protocol before them is understood. May be given more than once." },

        { CONFIG_CERTIFICATE, "Certificate", "Names", &value_names,
          AT2(CertificateDraft, certificate.names, first_name), NULL,
          "The names of the certificate, separated by blanks: DNS names (internationalised ones as they "
          "are read, or as xn--...), *.NAME for a wildcard, or IP addresses. May be given more than once. Required." },
        { CONFIG_CERTIFICATE, "Certificate", "OptionalNames", &value_names,
          AT2(CertificateDraft, certificate.optional_names, first_optional), NULL,
          "Further names, as in Names=, that the certificate may do without: a name that has made "
          "orders fail for days is left out, renewctl status says so, and it is asked for again daily. "
          "Until then the installed certificate stays as it is." },
        { CONFIG_CERTIFICATE, "Certificate", "CA", &value_cas,
          AT2(CertificateDraft, certificate.ca, certificate.fallback_cas), NULL,
          "The certificate authorities, preferred first, as in [Defaults]. 'none': nothing is ordered; the "
          "certificate comes from elsewhere, for example from a CA without ACME. 'renewctl csr NAME' makes key and "
          "request, 'renewctl import NAME' takes what the CA sent; renewd installs it, watches it, and "
          "announces its end a fifth of its life before, 30 days at least (a third of lives under 90 "
          "days), or as RenewBefore= says." },
        { CONFIG_CERTIFICATE, "Certificate", "KeyType", &value_key_types,
          AT2(CertificateDraft, key_types, key_type_count), NULL,
          "The kind of private key, as in [Defaults]; two make twins." },
        { CONFIG_CERTIFICATE, "Certificate", "ReuseKey", &value_bool_text, AT(CertificateDraft, reuse_key), NULL,
          "Whether a renewal keeps the private key, as in [Defaults]." },
        { CONFIG_CERTIFICATE, "Certificate", "StrictNames", &value_bool_text, AT(CertificateDraft, strict_names), NULL,
          "Whether more names than were asked for are refused, as in [Defaults]." },
        { CONFIG_CERTIFICATE, "Certificate", "CertificateRequest", &value_path, CERT(request_path), NULL,
          "A certificate request (CSR, PEM or DER) that is sent as it is, for a key that stays elsewhere, for "
          "example in an appliance. Names= may be left out, or must be the same. There is no key to "
          "install then: File=key and File=combined are refused. A changed file is a new order. The file must "
          "be readable by everybody and belong to root." },
        { CONFIG_CERTIFICATE, "Certificate", "RenewBefore", &value_renew_before, CERT(renew_before_sec), NULL,
          "How long before its end a certificate is renewed at the latest, for example 30d. Unset: a "
          "third of the lifetime, half for lifetimes under ten days, or earlier when the CA says so." },
        { CONFIG_CERTIFICATE, "Certificate", "Challenge", &value_challenges,
          AT2(CertificateDraft, certificate.challenges, certificate.challenge_count), NULL,
          "How control of the names is shown, as in [Defaults]." },
        { CONFIG_CERTIFICATE, "Certificate", "PreFlight", &value_bool_text, AT(CertificateDraft, preflight), NULL,
          "Whether the names are looked at before an order, as in [Defaults]." },
        { CONFIG_CERTIFICATE, "Certificate", "Rehearse", &value_bool_text, AT(CertificateDraft, rehearse), NULL,
          "Whether the renewal is rehearsed at the CA's Staging=, as in [Defaults]. 'renewctl rehearse NAME' does "
          "it at any time, whatever is set here." },
        { CONFIG_CERTIFICATE, "Certificate", "Profile", &value_profile, CERT(profile), NULL,
          "The profile to order by, if the CA offers it, as in [Defaults]." },
        { CONFIG_CERTIFICATE, "Certificate", "RequireProfile", &value_profile, CERT(require_profile), NULL,
          "The profile without which nothing is ordered, as in [Defaults]. Not together with Profile=." },
        { CONFIG_CERTIFICATE, "Certificate", "PreferredChain", &value_text, CERT(preferred_chain), NULL,
          "Which chain to take, as in [Defaults]." },
        { CONFIG_CERTIFICATE, "Certificate", "Lifetime", &value_lifetime, CERT(lifetime_sec), NULL,
          "How long the certificate shall live, as in [Defaults]." },
        { CONFIG_CERTIFICATE, "Certificate", "DNS", &value_item_name, CERT(dns_name), NULL,
          "The DNS provider, as in [Defaults]." },
        { CONFIG_CERTIFICATE, "Certificate", "ChallengeHook", &value_command, CERT(challenge_hook), NULL,
          "A command around challenges, as in [Defaults]." },

        { CONFIG_CERTIFICATE, "Deploy", "Service", &value_item_name, AT(TargetConfig, service), NULL,
          "The service profile that this section starts from: a file name below services/ without "
          ".conf. Unset: the profile with the name of the target, if there is one." },
        { ANY_DEPLOY, "Deploy", "File", &value_files, AT2(TargetConfig, files, file_count), NULL,
          "A file to install: what (key, cert, chain, root, fullchain or combined, or parts in an order of yours "
          "as in cert,chain,key), absolute path, and optionally OWNER:GROUP, mode and options. Of twins, key is the "
          "first one's and key:rsa-2048 that of the other, and so with each. Default root:root with 0600 for what "
          "holds the key, else 0644. 'directory' as owner or group is that of the directory; '-' as mode sets no "
          "rights at all, for file systems that have none. May be given more than once; an empty value drops those "
          "given before, also the profile's. See FILES OF A TARGET." },
        { ANY_DEPLOY, "Deploy", "Check", &value_command, AT(TargetConfig, check), NULL,
          "A command (absolute path and arguments, no shell) that succeeds if the service accepts the "
          "new files. If it fails the former files are put back." },
        { ANY_DEPLOY, "Deploy", "Reload", &value_unit, AT(TargetConfig, reload), NULL,
          "The unit to reload. It is restarted if it cannot reload, and never started if it is stopped." },
        { ANY_DEPLOY, "Deploy", "Restart", &value_unit, AT(TargetConfig, restart), NULL,
          "The unit to restart, if it runs. Not together with Reload=." },
        { ANY_DEPLOY, "Deploy", "Unit", &value_unit, AT(TargetConfig, unit), NULL,
          "The unit of the service where neither Reload= nor Restart= names it: the one that Signal= is sent to. "
          "While it does not run, neither signal nor command is sent." },
        { ANY_DEPLOY, "Deploy", "Signal", &value_signal, AT(TargetConfig, signal_number), NULL,
          "The signal (HUP, USR1, USR2, ALRM, WINCH, CONT) that makes the main process of Unit= take the new files. "
          "Not together with Reload= or Restart=." },
        { ANY_DEPLOY, "Deploy", "Command", &value_command, AT(TargetConfig, command), NULL,
          "A command (absolute path and arguments, no shell) that tells the service: its own client, or the "
          "vendor's tool. It is run before the reload, restart or signal, or in their place if there is none. "
          "When it fails it is run again later, as a reload is." },
        { ANY_DEPLOY, "Deploy", "CommandUser", &value_user, AT(TargetConfig, command_user), NULL,
          "The user whose rights Command= has. Unset: root." },
        { ANY_DEPLOY, "Deploy", "FallbackCommand", &value_command, AT(TargetConfig, fallback_command), NULL,
          "A command to run where the unit to tell does not exist, for example the old control script of a "
          "product. It must not start a service that is stopped, and a daemon that it starts must be started by "
          "systemd-run(1): what the command leaves behind is ended with it." },
        { ANY_DEPLOY, "Deploy", "Hook", &value_command, AT(TargetConfig, hook), NULL,
          "A command (absolute path and arguments, no shell) to run when the files are in place." },
        { ANY_DEPLOY, "Deploy", "Setup", &value_command, AT(TargetConfig, setup), NULL,
          "A program (absolute path and arguments, no shell) that sets up what the service needs besides the "
          "certificate's files. See SET-UP PROGRAMS." },
        { ANY_DEPLOY, "Deploy", "Option", &value_options, AT(TargetConfig, options), NULL,
          "What the set-up program, the check and the hook are told in the variable RENEWD_OPTION_NAME. May be given "
          "more than once; of one name the last value counts, so that a certificate's file changes what its "
          "profile says. An empty value drops those given before." },
        { ANY_DEPLOY, "Deploy", "Timeout", &value_timeout, AT(TargetConfig, timeout_sec), "90s",
          "How long each program and the unit's job may take." },
        { ANY_DEPLOY, "Deploy", "Memory", &value_memory, AT(TargetConfig, memory_max), "512M",
          "How much memory each program (Check=, Command=, Hook= …) and what it starts may use together. What needs "
          "more is ended. Without systemd it limits the data of each process." },
        { ANY_DEPLOY, "Deploy", "Tasks", &value_tasks, AT(TargetConfig, tasks_max), "128",
          "How many processes and threads such a program may have. Without systemd it does not hold." },
        { ANY_DEPLOY, "Deploy", "Prove", &value_command, AT(TargetConfig, prove), NULL,
          "A command that succeeds if the service really uses the new certificate, for what no handshake shows. It "
          "is run after the handshakes; until it succeeds the target counts as not installed, and it is run again "
          "with growing pauses." },
        { ANY_DEPLOY, "Deploy", "StandIn", &value_bool, AT(TargetConfig, stand_in), "no",
          "Whether the files are a self-signed stand-in of renewd's until there is a real certificate, for a service that "
          "does not start without them. It is written where nothing stands, or a pair that does not match, "
          "never over a certificate of somebody else; also at boot, before the service starts. The first real "
          "certificate replaces it with check, reload and probe as ever." },
        { ANY_DEPLOY, "Deploy", "TakeOver", &value_bool_text, AT(TargetConfig, take_over), NULL,
          "Whether a certificate that somebody else renews may be replaced. If it is no (the profiles of products "
          "that may renew by themselves say so), the service is looked at before the first deploy: when it "
          "serves a valid certificate of a public CA that is not renewd's, nothing is done and status says so." },
        { ANY_DEPLOY, "Deploy", "Probe", &value_probes, AT2(TargetConfig, probes, probe_count), NULL,
          "Where the service shows its certificate: HOST:PORT, and before it the protocol in which TLS is asked for "
          "where it does not begin with the first octet: smtp, lmtp, imap, pop3, sieve, ftp, ldap, xmpp, xmpp-server, "
          "postgres, mysql, nntp or irc (tls is the default). The certificate counts as installed only when it is seen "
          "at all of them, at each address of HOST that takes the connection. May be given more than once; an empty "
          "value drops those given before, also the profile's. Unset: not looked at." },
        { ANY_DEPLOY, "Deploy", "ProbeName", &value_probe_name, AT(TargetConfig, probe_name), NULL,
          "The server name that the probes ask for. Unset: the certificate's first name." },
        { ANY_DEPLOY, "Deploy", "Validation", &value_validation, AT(TargetConfig, validation), NULL,
          "What the probes are satisfied with, where something else than this certificate is shown, as by a proxy in "
          "front: disabled (any certificate), basic (one of a CA that the system trusts, or else always the key that was "
          "seen first), recommended (the same, but the key of Pin= only) or strict (one of a trusted CA for the right "
          "name). Unset: this certificate and no other." },
        { ANY_DEPLOY, "Deploy", "Pin", &value_pin, AT(TargetConfig, pin), NULL,
          "The key that Validation=basic and recommended take, as 'renewctl inspect' shows its pin, or the SHA-256 of "
          "key or certificate in hexadecimal." },
        { ANY_DEPLOY, "Deploy", "RestartWindow", &value_windows, AT2(TargetConfig, windows, window_count), NULL,
          "When the service may be interrupted: a calendar expression as in systemd.time(7), in this machine's "
          "time unless UTC is written behind it, and how long from then on, for example 'Sun 03:00 /2h'; one "
          "hour if nothing is said. A renewed certificate waits for it, and so does the repair of changed files; a "
          "target's first certificate, a service that does not run and one that is told nothing do not. What "
          "is begun in the window may end after it. May be given more than once; an empty value drops those "
          "given before. Unset: at any time. See RestartDeadline=, and 'renewctl renew --now'." },
        { ANY_DEPLOY, "Deploy", "RestartDeadline", &value_deadline, AT(TargetConfig, deadline_sec), "auto",
          "How long before the certificate that the service still has expires it is told in any case: windows, "
          "canary and what they wait for hold until then only. auto: a twentieth of the lifetime. There is "
          "always as much time as check, job and hook may take." },
        { ANY_DEPLOY, "Deploy", "Canary", &value_bool, AT(TargetConfig, canary), "no",
          "Whether this target is the first: the others of the certificate wait until the new one is seen "
          "served here, or RestartDeadline= has come." },
        { ANY_DEPLOY, "Deploy", "Group", &value_item_name, AT(TargetConfig, group), NULL,
          "A name of your choice. Targets of one group, whatever their certificate, are told one at a time: "
          "the next one when the one before serves its certificate or has failed." },

        { CONFIG_CA, "CA", "Directory", &value_url, CA(directory), NULL,
          "The https URL of the ACME directory. Required." },
        { CONFIG_CA, "CA", "Bundle", &value_path, CA(bundle), NULL,
          "A PEM file with the certificates that this CA's own web server is trusted by, instead of "
          "the system's. It must be readable by the engine's user; if it is missing or unusable "
          "nothing is ordered from this CA." },
        { CONFIG_CA, "CA", "Origins", &value_origins, CA(origins), NULL,
          "Further origins (https://HOST) that the CA's answers may point to. May be given more than "
          "once." },
        { CONFIG_CA, "CA", "AccountKeyType", &value_key_type, CA(account_key_type), "ecdsa-p256",
          "The kind of account key that is made for this CA: ecdsa-p256 (ES256), ecdsa-p384 (ES384), "
          "rsa-2048, rsa-3072, rsa-4096 (RS256) or ed25519 (EdDSA, which few CAs take). A key that is there already is kept." },
        { CONFIG_CA, "CA", "MaxOrders", &value_max_orders, CA(max_orders), "10",
          "How many orders may be open at the same time." },
        { CONFIG_CA, "CA", "OrderBudget", &value_order_budget, CA(order_budget), "0",
          "How many new orders may be made in three hours; 0 means any number." },
        { CONFIG_CA, "CA", "MaxLabels", &value_max_labels, CA(max_labels), "0",
          "How many labels (the parts between dots) this CA takes in a name; 0 means any number." },
        { CONFIG_CA, "CA", "Limit", &value_limits, CA(limits), NULL,
          "A limit that the CA publishes: 'duplicates 5/7d' (certificates of one exact set of names) or "
          "'failures 5/1h' (failed validations of one name). What renewd did is counted on disk, and "
          "nothing is asked for that would be refused. May be given more than once; an empty value "
          "drops those given before." },
        { CONFIG_CA, "CA", "MaxNames", &value_max_names, CA(max_names), "100",
          "How many names the CA puts into one certificate." },
        { CONFIG_CA, "CA", "CaaIdentity", &value_domains, CA(caa_identities), NULL,
          "What CAA records call this CA, if its directory does not say. May be given more than once." },
        { CONFIG_CA, "CA", "AllowPrivateAddresses", &value_bool, CA(allow_private), "no",
          "Whether the CA's other hosts may have private addresses although the directory's host is "
          "public. A CA with this, with Bundle= or with a private directory counts as one of your own: "
          "certificates may name private IP addresses." },
        { CONFIG_CA, "CA", "RenewalInfo", &value_bool, CA(renewal_info), "yes",
          "Whether the CA is asked when its certificates should be renewed (RFC 9773), where it says so. "
          "It is how a CA tells that it revokes a certificate." },
        { CONFIG_CA, "CA", "Replaces", &value_bool, CA(replaces), "yes",
          "Whether an order names the certificate that it replaces, where the CA knows renewal "
          "information. Some CAs then exempt the order from their limits." },
        { CONFIG_CA, "CA", "Staging", &value_item_name, CA(staging), NULL,
          "The CA where renewals of this CA's certificates are rehearsed: a file name below ca/ without .conf, "
          "mostly the CA's own test service. It gets an account of its own, under the same AgreeToTerms= of "
          "[Account]. Unset or empty: none, nothing is rehearsed." },
        { CONFIG_CA, "CA", "AgreeToTerms", &value_bool_text, AT(CaDraft, agree), NULL,
          "Whether you agree to the terms of service of this CA. Unset: as in [Account]." },
        { CONFIG_CA, "CA", "Contact", &value_contact, AT2(CaDraft, ca.contact, contact_given), NULL,
          "Where this CA may write to: at most two e-mail addresses. Empty: none. Unset: Email= of "
          "[Account]. A change is sent to the CA before the next order." },
        { CONFIG_CA, "CA", "Proxy", &value_proxy, AT2(CaDraft, ca.proxy, proxy_given), NULL,
          "The HTTP proxy through which this CA is reached, as http://HOST:PORT. It sees the names of hosts, and "
          "nothing inside TLS. Empty: none. Unset: Proxy= of [Account]." },
        { CONFIG_CA, "CA", "ExternalAccount", &value_item_name, CA(external_account), NULL,
          "The name of the external account key that a new account is bound to: a file below "
          "credentials/eab/, as 'renewctl account bind' writes it. Unset: the name of this CA. Several "
          "accounts at one CA are several files here with the same Directory=." },

        { CONFIG_DNS, "DNS", "Program", &value_command, AT(DnsConfig, program), NULL,
          "The program that writes the records (absolute path and arguments, no shell). Required. See CHALLENGE "
          "PROGRAMS." },
        { CONFIG_DNS, "DNS", "CleanupProgram", &value_command, AT(DnsConfig, cleanup), NULL,
          "The program that takes the records away, where it is another one. Unset: Program=; with "
          "Style=certbot none, as certbot has it without a cleanup hook." },
        { CONFIG_DNS, "DNS", "Style", &value_dns_style, AT(DnsConfig, style), "native",
          "Whose contract the program was made for: native, certbot (manual hooks), dehydrated, "
          "dehydrated-chain (all challenges in one call, as with HOOK_CHAIN), lego, lego-raw (EXEC_MODE=RAW), "
          "uacme, acmetool, mod_md, or acme.sh (a file of its dnsapi)." },
        { CONFIG_DNS, "DNS", "Credentials", &value_credentials, AT(DnsConfig, credentials), NULL,
          "Names of files below credentials/ that the program may read in $CREDENTIALS_DIRECTORY. May be "
          "given more than once." },
        { CONFIG_DNS, "DNS", "Environment", &value_environment, AT(DnsConfig, environment), NULL,
          "Variables for the program, as NAME=VALUE; everybody can read them, so secrets belong in "
          "Credentials=. May be given more than once." },
        { CONFIG_DNS, "DNS", "Timeout", &value_timeout, AT(DnsConfig, timeout_sec), "3min",
          "How long the program may run." },
        { CONFIG_DNS, "DNS", "Propagation", &value_propagation, AT(DnsConfig, propagation_sec), "5min",
          "How long to wait until all authoritative name servers of the zone serve the record; 0: they are "
          "not asked. For short-lived certificates at most a tenth of the lifetime." },
        { CONFIG_DNS, "DNS", "WhenUnseen", &value_unseen, AT(DnsConfig, post_unseen), "post",
          "What is done when the time of Propagation= is over: post (the CA is asked nevertheless: it may see "
          "what a filter or a split view hides from this machine) or fail." },
        { CONFIG_DNS, "DNS", "Servers", &value_servers, AT(DnsConfig, servers), NULL,
          "Name servers to ask for the record instead of the zone's own: ADDRESS, ADDRESS:PORT or "
          "[ADDRESS]:PORT. May be given more than once." },
        { CONFIG_DNS, "DNS", "Resolver", &value_resolver, AT(DnsConfig, resolver), NULL,
          "The resolver that is asked for the zone and for an alias (CNAME) of the record's name; an address as "
          "in Servers=. Unset: those of /etc/resolv.conf." },

        { CONFIG_WATCH, "Watch", "Endpoint", &value_probes, AT2(WatchConfig, probes, probe_count), NULL,
          "Where a certificate that is not renewd's is looked at, as in Probe= of [Deploy]. Required; may be given "
          "more than once." },
        { CONFIG_WATCH, "Watch", "ServerName", &value_probe_name, AT(WatchConfig, server_name), NULL,
          "The name that is asked for and that the certificate must have. Unset: the host of each Endpoint=; of an "
          "address nothing is asked." },
        { CONFIG_WATCH, "Watch", "Validation", &value_validation, AT(WatchConfig, validation), "strict",
          "What is asked of the certificate: disabled (nothing: it is only shown), basic (a trusted CA, or else the key "
          "of the first look), recommended (a trusted CA, or else the key of Pin=), strict (a trusted CA and the right name)." },
        { CONFIG_WATCH, "Watch", "Pin", &value_pin, AT(WatchConfig, pin), NULL,
          "SHA-256 of the certificate's public key, in base64 or hexadecimal, as renewctl inspect shows it." },
        { CONFIG_WATCH, "Watch", "Bundle", &value_path, AT(WatchConfig, bundle), NULL,
          "A PEM file with the roots that count as trusted here, instead of the system's." },
        { CONFIG_WATCH, "Watch", "Every", &value_timeout, AT(WatchConfig, every_sec), "1h",
          "How often it is looked at; an hour at most." },

        { CONFIG_SERVICE, "Service", "Description", &value_text, SERVICE(description), NULL,
          "What the service is, in a few words." },
        { CONFIG_SERVICE, "Service", "Detect", &value_paths, SERVICE(detect), NULL,
          "A path that exists where the service is installed. May be given more than once: any of them will do." },
        { CONFIG_SERVICE, "Service", "Find", &value_find, SERVICE(variables), NULL,
          "A name and paths: ${NAME} stands for the first of them that exists, or for the first if none does. A word "
          "may be VALUE=PATH: then it stands for VALUE if PATH exists. The paths must be such as everybody may look "
          "at. May be given more than once; the last one of a name counts." },
        { CONFIG_SERVICE, "Service", "FindUnit", &value_find_unit, SERVICE(variables), NULL,
          "The same for units: ${NAME} stands for the first that is installed, as a unit file or as a script in "
          "/etc/init.d." },
        { CONFIG_SERVICE, "Service", "Configure", &value_lines, SERVICE(configure), NULL,
          "A line that a person writes into the service's own configuration, so that it uses the files; 'renewctl "
          "services show' prints it. May be given more than once. A '|' at its beginning is left out, so that a "
          "line may begin with blanks. With '[NAME=VALUE] ' before it the line is there only if ${NAME} is VALUE, or nothing was found." },
        { CONFIG_SERVICE, "Service", "Note", &value_lines, SERVICE(notes), NULL,
          "What a person should know, as with Configure=." },
        { CONFIG_SERVICE, "Service", "Tested", &value_tested, SERVICE(tested), NULL,
          "How the profile was proved: real (with the service itself), stand-in (with one that has its paths, unit "
          "and contract) or documentation (as its makers describe it)." },
        { CONFIG_SERVICE, "Service", "Propose", &value_bool, SERVICE(propose), "yes",
          "Whether 'renewctl add --service auto' proposes it where it is found." },
        { CONFIG_SERVICE, "Service", "KeyType", &value_key_types,
          AT2(ServiceConfig, key_types, key_type_count), NULL,
          "The kind of key that the service needs. 'renewctl add' writes it into the certificate's file, and "
          "ReuseKey= and Profile= likewise." },
        { CONFIG_SERVICE, "Service", "ReuseKey", &value_bool_text, SERVICE(reuse_key), NULL,
          "Whether renewals should keep the key, because clients of the service know it." },
        { CONFIG_SERVICE, "Service", "Profile", &value_profile, SERVICE(profile), NULL,
          "The CA's profile that the service needs." },

        { CONFIG_SERVICE, "Challenge", "Program", &value_lines, SERVICE(programs), NULL,
          "The name of the process that has port 80, by which it is known that this web server has it. May be given "
          "more than once." },
        { CONFIG_SERVICE, "Challenge", "Snippet", &value_path, SERVICE(snippet), NULL,
          "A file of its own in the web server's configuration, by which it hands /.well-known/acme-challenge/ to "
          "renewd. 'renewctl add' writes it when it is allowed to, 'renewctl remove' takes it away. Here and below, "
          "${HTTP_SOCKET} is renewd's socket for challenges, ${HTTP_LISTEN} the address of Listen= in [HTTP], "
          "${CHALLENGES} the directory of challenges, ${PROGRAMS} that of the set-up programs of services and ${NAMES} the names of the certificate." },
        { CONFIG_SERVICE, "Challenge", "Line", &value_lines, SERVICE(lines), NULL,
          "A line of that file, as with Configure=. May be given more than once." },
        { CONFIG_SERVICE, "Challenge", "Enable", &value_command, SERVICE(enable), NULL,
          "A command (absolute path and arguments, no shell) that makes the web server read the file." },
        { CONFIG_SERVICE, "Challenge", "Disable", &value_command, SERVICE(disable), NULL,
          "The command that undoes Enable=." },
        { CONFIG_SERVICE, "Challenge", "Check", &value_command, SERVICE(challenge_check), NULL,
          "A command that succeeds if the web server accepts its configuration. If it fails all is undone." },
        { CONFIG_SERVICE, "Challenge", "Conflict", &value_text, SERVICE(conflict), NULL,
          "A text that the output of Check= has when the file contradicts what is configured already; then all is "
          "undone as well." },
        { CONFIG_SERVICE, "Challenge", "TakesNames", &value_bool, SERVICE(takes_names), "no",
          "Whether all requests for the names go to what the file describes. It is then not used for names for "
          "which a page is served already." },
        { CONFIG_SERVICE, "Challenge", "BlankPage", &value_lines, SERVICE(blank_pages), NULL,
          "A text of a page that nobody will miss, such as the one that was installed with the web server. For "
          "TakesNames=. May be given more than once." },
        { CONFIG_SERVICE, "Challenge", "Reload", &value_unit, SERVICE(challenge_reload), NULL,
          "The unit that is reloaded then." },
        { CONFIG_SERVICE, "Challenge", "Command", &value_command, SERVICE(challenge_command), NULL,
          "A command that makes the web server read its files again where systemd does not run." },
        { CONFIG_SERVICE, "Challenge", "Otherwise", &value_lines, SERVICE(otherwise), NULL,
          "What a person does where such a file cannot work, as with Configure=." },
};
/* clang-format on */

const size_t config_key_count = ELEMENTSOF(config_keys);

const ConfigKey *config_key_find(
                ConfigKind kind, const char *section, const char *key, const char **ret_near) {
        if (ret_near)
                *ret_near = NULL;
        for (size_t i = 0; i < config_key_count; i++) {
                const ConfigKey *k = &config_keys[i];

                if (!(k->kinds & (unsigned) kind) || !str_equal(k->section, section))
                        continue;
                if (str_equal(k->key, key))
                        return k;
                if (ret_near && str_equal_ignore_case(k->key, key))
                        *ret_near = k->key;
        }
        return NULL;
}

bool config_section_exists(ConfigKind kind, const char *section) {
        for (size_t i = 0; i < config_key_count; i++)
                if ((config_keys[i].kinds & (unsigned) kind) &&
                    str_equal(config_keys[i].section, section))
                        return true;
        return false;
}
