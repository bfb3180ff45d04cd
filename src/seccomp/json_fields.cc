#include "seccomp/json_fields.h"

#include <fmt/format.h>

#include "event/escape.h"

namespace catena::seccomp {

std::string Fields::path_of(std::string_view name) const {
    if (name.empty()) return path_.empty() ? "the profile" : path_;
    return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void Fields::wrong(std::string_view name, std::string_view why) {
    if (status_) status_ = base::fail(base::ErrorCode::BadInput, fmt::format("{} {}", path_of(name), why));
}

bool Fields::has(const char* name) const { return json_.is_object() && json_.contains(name); }

std::string Fields::text(const char* name) {
    if (!has(name)) {
        wrong(name, "is missing");
        return {};
    }
    return optional_text(name, "");
}

std::string Fields::optional_text(const char* name, std::string_view otherwise) {
    if (!has(name)) {
        if (!json_.is_object()) wrong("", "is no object");
        return std::string(otherwise);
    }
    return Fields(json_[name], path_of(name), status_).own_text();
}

std::uint64_t Fields::number(const char* name, std::uint64_t least, std::uint64_t most) {
    if (!has(name)) {
        wrong(name, "is missing");
        return least;
    }
    return Fields(json_[name], path_of(name), status_).own_number(least, most);
}

void Fields::each(const char* name, const std::function<void(Fields&)>& visit) {
    if (has(name)) Fields(json_[name], path_of(name), status_).each_own(visit);
}

std::string Fields::own_text() {
    if (json_.is_string()) return json_.get<std::string>();
    wrong("", "is no text");
    return {};
}

std::uint64_t Fields::own_number(std::uint64_t least, std::uint64_t most) {
    const bool whole = json_.is_number_unsigned();
    const std::uint64_t value = whole ? json_.get<std::uint64_t>() : least;
    if (whole && value >= least && value <= most) return value;
    wrong("", fmt::format("is no whole number from {} to {}", least, most));
    return least;
}

void Fields::each_own(const std::function<void(Fields&)>& visit) {
    if (!json_.is_array()) {
        wrong("", "is no list");
        return;
    }
    std::size_t index = 0;
    for (const nlohmann::json& value : json_) {
        Fields fields(value, fmt::format("{}[{}]", path_, index++), status_);
        visit(fields);
    }
}

}  // namespace catena::seccomp
