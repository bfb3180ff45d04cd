#include "callgraph/nss.h"

#include <array>

#include "callgraph/later.h"

namespace catena::callgraph {
namespace {

struct Database {
    std::string_view part;  // of the function's name
    std::string_view name;
};

// The first that fits counts: "spent" before "pwent" and "ent".
constexpr std::array kDatabases = {
    Database{"alias", "aliases"},     Database{"ether", "ethers"},        Database{"hostton", "ethers"},
    Database{"ntohost", "ethers"},    Database{"netgrent", "netgroup"},   Database{"initgroups", "group"},
    Database{"grent", "group"},       Database{"grgid", "group"},         Database{"grnam", "group"},
    Database{"pwent", "passwd"},      Database{"pwnam", "passwd"},        Database{"pwuid", "passwd"},
    Database{"sgent", "gshadow"},     Database{"sgnam", "gshadow"},       Database{"spent", "shadow"},
    Database{"spnam", "shadow"},      Database{"host", "hosts"},          Database{"canonname", "hosts"},
    Database{"netname", "publickey"}, Database{"publickey", "publickey"}, Database{"secretkey", "publickey"},
    Database{"netent", "networks"},   Database{"netby", "networks"},      Database{"proto", "protocols"},
    Database{"rpc", "rpc"},           Database{"serv", "services"},
};

}  // namespace

std::string_view nss_database(std::string_view function) {
    const bool named = function.starts_with("get") || function.starts_with("set") ||
                       function.starts_with("end") || function == "initgroups_dyn" ||
                       function == "netname2user";
    const bool ends = function.ends_with("_r") || function.ends_with("ent") || function.ends_with("key") ||
                      function.ends_with("_dyn") || function.ends_with("user");
    if (!named || !ends || function.find_first_of(" %/:.") != std::string_view::npos) return {};
    for (const Database& each : kDatabases) {
        if (function.find(each.part) != std::string_view::npos) return each.name;
    }
    return {};
}

std::pair<std::string_view, std::string_view> nss_function(std::string_view name) {
    constexpr std::string_view kPrefix = "_nss_";
    if (!name.starts_with(kPrefix)) return {};
    name.remove_prefix(kPrefix.size());
    // The names of services can have this letter, too: mdns4_minimal.
    for (std::size_t at = name.find('_'); at != std::string_view::npos; at = name.find('_', at + 1)) {
        if (!nss_database(name.substr(at + 1)).empty()) return {name.substr(0, at), name.substr(at + 1)};
    }
    return {};
}

NssConfiguration::NssConfiguration(const Root& root) {
    for (const auto& [database, service] : nss_services(root)) {
        services_[database].insert(service);
        // What "compat" in one of these asks; and what libc takes where a database has no line of its own.
        if (database.ends_with("_compat")) services_[database.substr(0, database.size() - 7)].insert(service);
        if (database == "initgroups") services_["group"].insert(service);
    }
    for (const auto& [database, other] : {std::pair("shadow", "passwd"), std::pair("gshadow", "group")}) {
        const auto from = services_.find(other);
        if (!services_.contains(database) && from != services_.end()) services_[database] = from->second;
    }
    for (auto& [database, services] : services_) services.insert("files");
}

const std::set<std::string>& NssConfiguration::services(std::string_view database) const {
    const auto found = services_.find(database);
    return found == services_.end() ? defaults_ : found->second;
}

}  // namespace catena::callgraph
