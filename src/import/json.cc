#include "import/json.h"

#include <fmt/format.h>

#include <algorithm>

#include "event/escape.h"

namespace catena::import {
namespace {

using base::ErrorCode;

// Byte b of text that is not UTF-8 is written as the character kBytes + b, of the last private plane.
constexpr std::uint32_t kBytes = 0x10ff00;

void append_byte_character(std::string& text, unsigned char byte) {
    const std::uint32_t c = kBytes + byte;
    for (const std::uint32_t part :
         {0xf0U | c >> 18U, 0x80U | (c >> 12U & 0x3fU), 0x80U | (c >> 6U & 0x3fU), 0x80U | (c & 0x3fU)}) {
        text += static_cast<char>(part);
    }
}

std::string make_utf8(std::string_view line) {
    std::string text;
    text.reserve(line.size() + line.size() / 8);
    while (!line.empty()) {
        const std::size_t size = event::utf8_length(line);
        if (size == 0) {
            append_byte_character(text, static_cast<unsigned char>(line.front()));
        } else {
            text.append(line.substr(0, size));
        }
        line.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return text;
}

std::string undo_make_utf8(std::string_view text) {
    constexpr std::string_view kLead = "\xf4\x8f";  // of the last 4096 characters
    std::string bytes;
    while (!text.empty()) {
        if (text.size() >= 4 && text.starts_with(kLead)) {
            const std::uint32_t low = (static_cast<unsigned char>(text[2]) & 0x3fU) << 6U |
                                      (static_cast<unsigned char>(text[3]) & 0x3fU);
            if ((0x10f000U | low) >= kBytes) {
                bytes += static_cast<char>(low & 0xffU);
                text.remove_prefix(4);
                continue;
            }
        }
        bytes += text.front();
        text.remove_prefix(1);
    }
    return bytes;
}

std::string reason(simdjson::error_code error) {
    switch (error) {
        case simdjson::DEPTH_ERROR:
            return fmt::format("nested deeper than {}", JsonParser::kMaxDepth);
        case simdjson::EMPTY:
            return "no JSON";
        default:
            return fmt::format("broken JSON ({})", simdjson::error_message(error));
    }
}

}  // namespace

base::Result<simdjson::dom::object> JsonParser::parse(std::string_view line) {
    repaired_ = false;
    // The depth has to be set before; what is allocated fits the longest line so far.
    if (line.size() > parser_.capacity() || parser_.max_depth() != kMaxDepth) {
        if (parser_.allocate(std::max<std::size_t>(line.size(), 4096), kMaxDepth) != simdjson::SUCCESS)
            return base::fail(ErrorCode::BadInput, "too long for this machine's memory");
    }
    simdjson::dom::element root;
    auto error = parser_.parse(line.data(), line.size(), false).get(root);
    if (error == simdjson::UTF8_ERROR) {
        repaired_ = true;
        repair_ = make_utf8(line);
        const std::size_t size = repair_.size();
        if (size > parser_.capacity() && parser_.allocate(size, kMaxDepth) != simdjson::SUCCESS)
            return base::fail(ErrorCode::BadInput, "too long for this machine's memory");
        repair_.append(simdjson::SIMDJSON_PADDING, ' ');
        error = parser_.parse(repair_.data(), size, false).get(root);
    }
    if (error != simdjson::SUCCESS) return base::fail(ErrorCode::BadInput, reason(error));
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) return base::fail(ErrorCode::BadInput, "not a JSON object");
    return object;
}

std::size_t JsonFields::place_of(std::string_view name, std::size_t guess) const {
    if (guess < order_.size() && order_[guess] < names_.size() && names_[order_[guess]] == name)
        return order_[guess];
    return static_cast<std::size_t>(std::ranges::find(names_, name) - names_.begin());
}

void JsonFields::read(const std::optional<simdjson::dom::object>& object, bool repaired, Tally& unknown) {
    std::ranges::fill(values_, std::nullopt);
    repaired_ = repaired;
    problem_.clear();
    if (!object) return;
    std::size_t position = 0;
    for (const auto field : *object) {
        const std::size_t place = place_of(field.key, position);
        if (position < order_.size()) {
            order_[position] = place;
        } else if (position < 2 * names_.size()) {
            order_.push_back(place);
        }
        ++position;
        if (place == names_.size()) {
            unknown.count(field.key);
        } else if (!field.value.is_null()) {
            values_[place] = field.value;
        }
    }
}

void JsonFields::wrong(std::size_t field, const char* what) {
    if (problem_.empty()) problem_ = fmt::format("\"{}\" {}", names_[field], what);
}

std::string_view JsonFields::view(std::size_t field) {
    std::string_view value;
    if (values_[field] && values_[field]->get(value) != simdjson::SUCCESS) wrong(field, "is not a string");
    return value;
}

std::string JsonFields::text(std::size_t field) {
    return repaired_ ? undo_make_utf8(view(field)) : std::string(view(field));
}

std::int64_t JsonFields::integer(std::size_t field, std::int64_t otherwise) {
    if (!values_[field]) return otherwise;
    std::int64_t value = 0;
    if (values_[field]->get(value) != simdjson::SUCCESS) wrong(field, "is not a whole number of 64 bits");
    return value;
}

std::optional<std::variant<std::int64_t, std::string_view>> JsonFields::scalar(std::size_t field) {
    if (!values_[field]) return std::nullopt;
    std::int64_t number = 0;
    if (values_[field]->get(number) == simdjson::SUCCESS) return number;
    std::string_view text;
    if (values_[field]->get(text) == simdjson::SUCCESS) return text;
    return std::nullopt;
}

std::optional<simdjson::dom::object> JsonFields::object(std::size_t field) {
    simdjson::dom::object value;
    if (!values_[field]) return std::nullopt;
    if (values_[field]->get(value) == simdjson::SUCCESS) return value;
    wrong(field, "is not an object");
    return std::nullopt;
}

std::optional<simdjson::dom::array> JsonFields::array(std::size_t field) {
    simdjson::dom::array value;
    if (!values_[field]) return std::nullopt;
    if (values_[field]->get(value) == simdjson::SUCCESS) return value;
    wrong(field, "is not an array");
    return std::nullopt;
}

void JsonFields::require(std::size_t field) {
    if (!values_[field]) wrong(field, "is missing");
}

base::Status JsonFields::status() const {
    if (problem_.empty()) return {};
    return base::fail(ErrorCode::BadInput, problem_);
}

}  // namespace catena::import
