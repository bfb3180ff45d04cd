// Reading of flat JSON objects, one a line, without trusting any of them (simdjson; docs/decisions/0021).
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "import/tally.h"

namespace catena::import {

// Parses one line at a time. What it hands out holds until the next line.
class JsonParser {
  public:
    static constexpr std::size_t kMaxDepth = 64;

    // The line's object. BadInput, with the reason, where the line holds no or not only an object. The line
    // must be followed by LineReader::kPadding readable bytes.
    //
    // Paths are bytes, and some programs write them into JSON as they are. So that nobody hides from an
    // import behind a name that is no UTF-8, such bytes are parsed as characters of private use, and text()
    // turns them back.
    base::Result<simdjson::dom::object> parse(std::string_view line);

    [[nodiscard]] bool repaired() const { return repaired_; }

  private:
    simdjson::dom::parser parser_;
    std::string repair_;
    bool repaired_ = false;
};

// The known fields of an object. A field of the wrong type, or a required one that is missing, is remembered:
// look at status() once all that matters was asked for. null is like no field.
class JsonFields {
  public:
    // `names` must outlive this; a field is asked for by its place in there.
    explicit JsonFields(std::span<const std::string_view> names) : names_(names), values_(names.size()) {}

    // Other fields are counted in `unknown`. `repaired` as JsonParser says. Without an object there are no
    // fields.
    void read(const std::optional<simdjson::dom::object>& object, bool repaired, Tally& unknown);

    [[nodiscard]] bool has(std::size_t field) const { return values_[field].has_value(); }
    // Empty where it is not there.
    std::string text(std::size_t field);
    // As it stands in the line: bytes that are no UTF-8 are not turned back.
    std::string_view view(std::size_t field);
    std::int64_t integer(std::size_t field, std::int64_t otherwise = 0);
    // A number or a text, whatever it is; nothing where it is neither.
    std::optional<std::variant<std::int64_t, std::string_view>> scalar(std::size_t field);
    std::optional<simdjson::dom::object> object(std::size_t field);
    std::optional<simdjson::dom::array> array(std::size_t field);
    // Remembers that it is missing.
    void require(std::size_t field);

    [[nodiscard]] base::Status status() const;

  private:
    [[nodiscard]] std::size_t place_of(std::string_view name, std::size_t guess) const;
    void wrong(std::size_t field, const char* what);

    std::span<const std::string_view> names_;
    std::vector<std::optional<simdjson::dom::element>> values_;
    std::vector<std::size_t> order_;  // in which fields came in the last object: usually the same again
    bool repaired_ = false;
    std::string problem_;
};

}  // namespace catena::import
