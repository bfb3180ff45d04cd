#include "truth.h"

#include <cstddef>
#include <sstream>
#include <string_view>
#include <utility>

namespace catena::kernel_test {
namespace {

using nlohmann::json;
using Bindings = std::map<std::string, json>;

bool is_variable(const json& value) {
    return value.is_string() && value.get_ref<const std::string&>().starts_with('$');
}

// Whether `event` has everything that `told` has; binds variables met for the first time.
bool meets(const json& told, const json& event, Bindings& bindings) {
    if (is_variable(told)) return bindings.emplace(told.get<std::string>(), event).first->second == event;
    if (!told.is_object()) return told == event;
    if (!event.is_object()) return false;
    for (const auto& [key, value] : told.items()) {
        const auto found = event.find(key);
        if (found == event.end() || !meets(value, *found, bindings)) return false;
    }
    return true;
}

// The leaves of `told` that `event` lacks or has otherwise, as "key: told … recorded …".
void collect_differences(const json& told, const json& event, const std::string& at, const Bindings& bindings,
                         std::vector<std::string>& list) {
    for (const auto& [key, value] : told.items()) {
        const std::string name = at + key;
        const json recorded = event.is_object() && event.contains(key) ? event[key] : json();
        if (value.is_object() && recorded.is_object()) {
            collect_differences(value, recorded, name + ".", bindings, list);
            continue;
        }
        Bindings trial = bindings;
        if (!recorded.is_null() && meets(value, recorded, trial)) continue;
        const auto bound = is_variable(value) ? bindings.find(value.get<std::string>()) : bindings.end();
        const json& expected = bound != bindings.end() ? bound->second : value;
        list.push_back(name + ": told " + expected.dump().substr(0, 300) + ", recorded " +
                       (recorded.is_null() ? "nothing" : recorded.dump().substr(0, 300)));
    }
}

// The events of one process and operation.
struct Group {
    std::vector<const json*> events;
    std::vector<bool> told;  // which of them a line of the truth was met by
    std::size_t next = 0;    // where the search for the next line begins
};
using Key = std::pair<int, std::string>;

Key key_of(const json& event) {
    const json process = event.value("process", json::object());
    return {process.value("pid", 0), event.value("op", "")};
}

std::string describe_missing(const json& told, const Group& group, const Bindings& bindings) {
    std::string text = "not recorded: " + told.dump().substr(0, 1500);
    std::vector<std::string> best;
    for (std::size_t i = 0; i < group.events.size(); ++i) {
        if (group.told[i]) continue;
        std::vector<std::string> list;
        collect_differences(told, *group.events[i], "", bindings, list);
        if (best.empty() || list.size() < best.size()) best = std::move(list);
    }
    for (const std::string& difference : best) text += "\n      nearest event: " + difference;
    return text;
}

bool tells_the_truth(const json& event) {
    return event.value("op", "") == "write" && event.value("fd", -1) == 1;
}

void find_untold(const Truth& truth, const std::map<Key, Group>& groups, std::vector<std::string>& list) {
    for (const auto& [key, group] : groups) {
        const auto declared = truth.exhaustive.find(key.first);
        if (declared == truth.exhaustive.end() || !declared->second.contains(key.second)) continue;
        for (std::size_t i = 0; i < group.events.size(); ++i) {
            if (group.told[i] || tells_the_truth(*group.events[i])) continue;
            list.push_back("recorded but not told: " + group.events[i]->dump().substr(0, 1500));
        }
    }
}

void find_repeated(const std::vector<const json*>& met, const std::map<Key, Group>& groups,
                   const Bindings& bindings, std::vector<std::string>& list) {
    for (const json* told : met) {
        const Group& group = groups.at(key_of(*told));
        for (std::size_t i = 0; i < group.events.size(); ++i) {
            Bindings trial = bindings;
            if (group.told[i] || !meets(*told, *group.events[i], trial)) continue;
            list.push_back("recorded once too often: " + told->dump().substr(0, 1500));
        }
    }
}

}  // namespace

Truth parse_truth(const std::string& text) {
    Truth truth;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        json object = json::parse(line);
        if (object.contains("skip")) {
            truth.skip = object["skip"];
        } else if (object.contains("exhaustive")) {
            const auto ops = object["exhaustive"].get<std::set<std::string>>();
            truth.exhaustive[object["process"]["pid"]].insert(ops.begin(), ops.end());
        } else {
            truth.events.push_back(std::move(object));
        }
    }
    return truth;
}

std::vector<std::string> differences(const Truth& truth, const std::vector<json>& events, Bindings known) {
    std::map<Key, Group> groups;
    for (const json& event : events) groups[key_of(event)].events.push_back(&event);
    for (auto& [key, group] : groups) group.told.resize(group.events.size());

    std::vector<std::string> list;
    Bindings bindings = std::move(known);
    std::vector<const json*> met;
    for (const json& told : truth.events) {
        Group& group = groups[key_of(told)];
        std::size_t i = group.next;
        for (; i < group.events.size(); ++i) {
            Bindings trial = bindings;
            if (!meets(told, *group.events[i], trial)) continue;
            bindings = std::move(trial);
            group.told[i] = true;
            group.next = i + 1;
            met.push_back(&told);
            break;
        }
        if (i == group.events.size()) list.push_back(describe_missing(told, group, bindings));
    }
    find_repeated(met, groups, bindings, list);
    find_untold(truth, groups, list);
    return list;
}

}  // namespace catena::kernel_test
