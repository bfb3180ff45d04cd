// The name service switch: which of libc's look-ups ask which modules.
//
// libc finds the functions of a module by names that the code of each look-up refers to ("getpwnam_r"), and
// asks the services that /etc/nsswitch.conf has for that function's database.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "callgraph/root.h"

namespace catena::callgraph {

// "passwd" for "getpwnam_r"; empty where no module has such a function.
[[nodiscard]] std::string_view nss_database(std::string_view function);

// "systemd" and "getpwnam_r" for "_nss_systemd_getpwnam_r"; empty ones where it is no such function.
[[nodiscard]] std::pair<std::string_view, std::string_view> nss_function(std::string_view name);

class NssConfiguration {
  public:
    explicit NssConfiguration(const Root& root);
    // Of a database, with what libc asks where the file says nothing.
    [[nodiscard]] const std::set<std::string>& services(std::string_view database) const;

  private:
    std::map<std::string, std::set<std::string>, std::less<>> services_;
    std::set<std::string> defaults_{"files", "dns"};
};

}  // namespace catena::callgraph
