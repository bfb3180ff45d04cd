// Fields: one JSON value of a file that anybody may have written, and the path to it for messages.
//
// Getters return a harmless value where something is wrong; the first error stays in the status that all
// Fields of a file share, so that it is looked at once, at the end.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace catena::seccomp {

class Fields {
  public:
    // Borrows all three.
    Fields(const nlohmann::json& json, std::string path, base::Status& status)
        : json_(json), path_(std::move(path)), status_(status) {}

    [[nodiscard]] bool has(const char* name) const;
    std::string text(const char* name);
    std::string optional_text(const char* name, std::string_view otherwise);
    std::uint64_t number(const char* name, std::uint64_t least, std::uint64_t most);
    // Of a field that is a list; of one that is not there, none.
    void each(const char* name, const std::function<void(Fields&)>& visit);

    // The value itself.
    std::string own_text();
    std::uint64_t own_number(std::uint64_t least, std::uint64_t most);
    void each_own(const std::function<void(Fields&)>& visit);

    // Tells that a field (the value itself, where `name` is empty) is wrong.
    void wrong(std::string_view name, std::string_view why);

  private:
    [[nodiscard]] std::string path_of(std::string_view name) const;

    const nlohmann::json& json_;
    std::string path_;
    base::Status& status_;
};

}  // namespace catena::seccomp
