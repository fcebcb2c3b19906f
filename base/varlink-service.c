/* org.varlink.service: what every Varlink service says about itself. */

#include "base/strings.h"
#include "base/varlink-call.h"

#ifndef RENEWD_VERSION
#define RENEWD_VERSION "0"
#endif

#define RENEWD_URL "man:renewd(8)"

static const char service_interface[] = "org.varlink.service";
static const char service_description[] =
                "# The Varlink Service Interface is provided by every varlink service. It\n"
                "# describes the service and the interfaces it implements.\n"
                "interface org.varlink.service\n"
                "\n"
                "# Get a list of all the interfaces a service provides and information\n"
                "# about the implementation.\n"
                "method GetInfo() -> (\n"
                "  vendor: string,\n"
                "  product: string,\n"
                "  version: string,\n"
                "  url: string,\n"
                "  interfaces: []string\n"
                ")\n"
                "\n"
                "# Get the description of an interface that is implemented by this service.\n"
                "method GetInterfaceDescription(interface: string) -> (description: string)\n"
                "\n"
                "# The requested interface was not found.\n"
                "error InterfaceNotFound (interface: string)\n"
                "\n"
                "# The requested method was not found\n"
                "error MethodNotFound (method: string)\n"
                "\n"
                "# The interface defines the requested method, but the service does not\n"
                "# implement it.\n"
                "error MethodNotImplemented (method: string)\n"
                "\n"
                "# One of the passed parameters is invalid.\n"
                "error InvalidParameter (parameter: string)\n"
                "\n"
                "# Client is denied access\n"
                "error PermissionDenied ()\n"
                "\n"
                "# Method is expected to be called with 'more' set to true, but wasn't\n"
                "error ExpectedMore ()\n";

/* Takes `interfaces`. */
static int fill_info(Json *info, const VarlinkService *service, Json *interfaces) {
        _cleanup_(json_freep) Json *owned = interfaces;
        int r;

        if (!info || !owned)
                return -ENOMEM;
        if ((r = json_append_string(owned, service_interface)) < 0 ||
            (r = json_append_string(owned, service->interface)) < 0 ||
            (r = json_set_string(info, "vendor", "renewd")) < 0 ||
            (r = json_set_string(info, "product", "renewd")) < 0 ||
            (r = json_set_string(info, "version", RENEWD_VERSION)) < 0 ||
            (r = json_set_string(info, "url", RENEWD_URL)) < 0)
                return r;
        return json_set(info, "interfaces", TAKE_PTR(owned));
}

static int get_info(VarlinkCall *call, const VarlinkService *service) {
        _cleanup_(json_freep) Json *info = json_object_new();
        int r;

        r = fill_info(info, service, json_array_new());
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(info));
}

static int get_interface_description(
                VarlinkCall *call, const VarlinkService *service, const Json *parameters) {
        _cleanup_(json_freep) Json *answer = NULL;
        const char *interface, *description;
        int r;

        if (json_get_string(parameters, "interface", &interface) < 0)
                return varlink_invalid_parameter(call, "interface");
        if (str_equal(interface, service->interface))
                description = service->description;
        else if (str_equal(interface, service_interface))
                description = service_description;
        else
                return varlink_refuse(
                                call, "org.varlink.service.InterfaceNotFound", "interface",
                                interface);
        answer = json_object_new();
        r = answer ? json_set_string(answer, "description", description) : -ENOMEM;
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(answer));
}

int varlink_service_call(VarlinkCall *call, const VarlinkService *service, const Json *parameters) {
        static const char *const none[] = { NULL }, *const description[] = { "interface", NULL };
        bool wants_info = str_equal(call->method, "GetInfo");

        if (!wants_info && !str_equal(call->method, "GetInterfaceDescription"))
                return varlink_refuse(
                                call, "org.varlink.service.MethodNotFound", "method",
                                call->full_name);
        const char *unknown =
                        varlink_unknown_parameter(parameters, wants_info ? none : description);
        if (unknown)
                return varlink_invalid_parameter(call, unknown);
        return wants_info ? get_info(call, service)
                          : get_interface_description(call, service, parameters);
}
