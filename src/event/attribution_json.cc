#include "event/attribution_json.h"

#include <nlohmann/json.hpp>
#include <string>

#include "event/escape.h"

namespace catena::event {

void put_attribution(nlohmann::ordered_json& json, const Attribution& attribution) {
    const auto put = [&](const char* key, const std::string& bytes) {
        if (!bytes.empty()) json[key] = escape(bytes);
    };
    put("user", attribution.user);
    if (attribution.login_uid != kUnset) json["login_uid"] = attribution.login_uid;
    put("login_user", attribution.login_user);
    if (attribution.session != kUnset) json["session"] = attribution.session;
    put("unit", attribution.cgroup.unit);
    put("user_unit", attribution.cgroup.user_unit);
    put("container", attribution.cgroup.container);
    put("runtime", attribution.cgroup.runtime);
    put("pod", attribution.cgroup.pod);
}

}  // namespace catena::event
