// Later: what a program may open after it has started, as configuration names it. Whether the program ever
// does is for the caller to decide: NSS where libc's look-ups can be reached, PAM for users of libpam, and so
// on. Lists are in the order of the configuration; a file that is missing gives an empty list, or the
// library's default.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "callgraph/object.h"
#include "callgraph/root.h"

namespace catena::callgraph {

struct Later {
    LoadReason reason = LoadReason::User;
    std::string name;            // as dlopen would get it: "libnss_dns.so.2", or a path
    std::string why;             // "/etc/nsswitch.conf: hosts"
    std::optional<ObjectId> by;  // the object that opens it, where that is known: its RUNPATH counts
};

// Database and service, in the order of /etc/nsswitch.conf.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> nss_services(const Root& root);

// libnss_X.so.2 for each service of each database in /etc/nsswitch.conf. "files" and "dns", which glibc 2.34
// and newer have in libc itself, and which are its defaults where the file says nothing, are only listed
// where their files are there.
[[nodiscard]] std::vector<Later> nss_modules(const Root& root);

// Modules of the service's file in /etc/pam.d (or /usr/lib/pam.d), with @include, include and substack
// followed, as paths; and those of the service "other", which libpam always reads, too. Without a slash in
// `service`: it is a file's name.
[[nodiscard]] std::vector<Later> pam_modules(const Root& root, std::string_view service);

// Converters in the gconv folder of this libc, as paths: all that gconv-modules names.
[[nodiscard]] std::vector<Later> gconv_modules(const Root& root);

// Providers in OpenSSL's modules folder and engines in its engines folder, as paths, and those that
// openssl.cnf names by path. All that are there: a program can ask for each by its name.
[[nodiscard]] std::vector<Later> openssl_modules(const Root& root);

// Of those, the ones that are asked for by these names ("legacy"), and those whose names or paths openssl.cnf
// has, other than in comments.
[[nodiscard]] std::vector<Later> openssl_modules(const Root& root, const std::set<std::string>& names);

}  // namespace catena::callgraph
