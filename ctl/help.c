/* What the verbs of renewctl say of themselves. */

#include "ctl/help.h"

const char add_help[] =
                "  --service SERVICE   install it for this service (may be repeated); 'auto': for what is\n"
                "                      found on this machine\n"
                "  --yes               take all that 'auto' finds, and --web-server-snippet\n"
                "  --web-server-snippet  let the web server on port 80 hand challenges over to renewd by a\n"
                "                      file of its own\n"
                "  --email ADDRESS     where the CA may write to\n"
                "  --agree-tos         agree to the CA's terms of service\n"
                "  --staging           take Let's Encrypt's staging, to try things out\n"
                "  --ca CA             take this CA: a file name below ca/\n"
                "  --key-type TYPE     ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519;\n"
                "                      two in quotes (\"ecdsa-p256 rsa-2048\") give a certificate of each\n"
                "  --challenge TYPE    http-01, tls-alpn-01, dns-01, ...; several in quotes\n"
                "  --dns PROVIDER      the DNS provider for dns-01: a file name below dns/\n"
                "  --no-start          only write the files\n"
                "  --wait              follow the order to its end\n"
                "\n"
                "The certificate is called like its first name, with '_wildcard.' for '*.'. The same\n"
                "command again changes nothing.\n";

const char account_help[] =
                "  list        all accounts (this is also done without an action)\n"
                "  show        what is known of the account\n"
                "  check       ask the CA how it is\n"
                "  create      make one before the first order does\n"
                "  find        ask the CA for the account of our key, never make one\n"
                "  update      tell the CA the contacts (Contact=, Email=)\n"
                "  agree       agree to the terms of service that 'show' names\n"
                "  rollover    give the account another key\n"
                "  deactivate  end the account; it cannot be had back\n"
                "  bind        keep the external account key that the CA gave you; the HMAC key\n"
                "              is read from standard input\n"
                "  repair      find the account again, or make it again with the same key\n"
                "\n"
                "  --kid KEY-ID     bind: the key id\n"
                "  --key-file FILE  rollover: take this key (PEM)\n"
                "  --new-key        create: another account with another key\n"
                "  --yes            deactivate: I mean it\n"
                "\n"
                "CA is a file name below ca/; without it the default CA is meant.\n";

const char revoke_help[] =
                "  --reason REASON  unspecified, keyCompromise, superseded or cessationOfOperation\n"
                "  --with-key       sign with the certificate's own key, not the account's\n"
                "  --no-replace     order no other certificate at once\n"
                "\n"
                "A key that is compromised is never used again, and another certificate is always\n"
                "ordered. With --with-key CAs take the key for compromised, whatever the reason.\n";

const char csr_help[] =
                "  --key-type TYPE      ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519\n"
                "  --subject SUBJECT    as 'C=DE,O=Example Ltd,CN=www.example.org'\n"
                "  --country CC, --province TEXT, --locality TEXT, --organization TEXT, --unit TEXT,\n"
                "  --common-name NAME, --email ADDRESS\n"
                "                       single fields of it\n"
                "  --new-key            make another key\n"
                "  --output FILE        write it there, not to standard output\n"
                "\n"
                "The names are those of Names=; the common name is the first of them unless said\n"
                "otherwise. Asked again it is the same key and request, until the certificate of that\n"
                "key is in use. Nothing but the signer is needed, neither renewd nor a network.\n";

const char import_help[] =
                "  --cert FILE           the certificate, perhaps with its chain and key\n"
                "  --key FILE            its key; without it that of 'renewctl csr'\n"
                "  --chain FILE          certificates of the CA\n"
                "  --password-file FILE  the password of a PKCS#12 file or of the key\n"
                "  --dry-run             only check\n"
                "  --force               although it is ordered from a CA: until its next renewal;\n"
                "                        or although the present one is valid longer\n"
                "  --wait                print each step until it is served or has failed\n"
                "\n"
                "Files are PEM in any order, DER, PKCS#7 or PKCS#12. The chain is put in order; what is\n"
                "missing is named, and never fetched.\n";

const char inspect_help[] =
                "  --starttls PROTOCOL  ask for TLS in this protocol first: smtp, lmtp, imap, pop3, sieve,\n"
                "                       ftp, ldap, xmpp, xmpp-server, postgres, mysql, nntp, irc\n"
                "  --name NAME          it must be for this name (of a host: that host)\n"
                "  --root-store FILE    trust the CAs in this file instead of the system's\n"
                "  --level LEVEL        what counts as wrong: without it everything; disabled: nothing;\n"
                "                       basic: what no trusted CA vouches for is pinned when it is\n"
                "                       first seen; recommended: you are asked for the pin; strict:\n"
                "                       trusted CAs only\n"
                "  --pins FILE          where pins are kept\n"
                "  --pin PIN            the pin (base64), or the SHA-256 of key or certificate\n"
                "\n"
                "A FILE is PEM in any order, also with a key, DER, PKCS#7 or PKCS#12 without password; an\n"
                "argument with a '/' is always a file. NAME is a certificate of renewd. HOST is asked at\n"
                "port 443, or where PROTOCOL is spoken.\n"
                "Exit status 0: nothing is wrong; 1: something is; 2: it could not be looked at.\n";

const char stand_in_help[] =
                "  --name NAME   a further name or IP address (may be repeated)\n"
                "\n"
                "Where StandIn=yes is set a self-signed certificate for all names is installed until there\n"
                "is a real one. This makes another one, and installs it.\n";
