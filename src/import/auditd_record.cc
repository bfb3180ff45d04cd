#include "import/auditd_record.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace catena::import {
namespace {

using base::ErrorCode;

// Behind it stands what auditd adds in words.
constexpr char kInWords = '\x1d';

bool is_gap(char c) { return c == ' ' || c == kInWords || c == '\r'; }
bool ends_name(char c) { return c == '=' || c == ' ' || c == kInWords; }
bool ends_value(char c) { return is_gap(c) || c == '\0'; }

// Reads a number and what follows it; false where it does not begin with one, or something else follows.
template <class Number>
bool take_number(std::string_view& text, Number& number, char then) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end == text.data() + text.size() || *end != then) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

// The word behind "name=" at the start of `text`, which moves behind it; empty where there is none.
std::string_view take_word(std::string_view& text, std::string_view name) {
    if (!text.starts_with(name)) return {};
    text.remove_prefix(name.size());
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

template <class Number>
Number number_from(std::string_view text, int base, Number otherwise) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size() ? number : otherwise;
}

}  // namespace

base::Result<AuditRecord> AuditRecord::parse(std::string_view line) {
    AuditRecord record(line);
    std::string_view left(record.line_.data(), record.line_.size());
    record.node_ = take_word(left, "node=");
    record.type_ = take_word(left, "type=");
    constexpr std::string_view kStamp = "msg=audit(";
    if (record.type_.empty() || !left.starts_with(kStamp)) {
        return base::fail(ErrorCode::BadInput,
                          "not a record of audit: it does not begin with type=… msg=audit(…)");
    }
    left.remove_prefix(kStamp.size());
    std::int64_t seconds = 0;
    std::int64_t milliseconds = 0;
    constexpr std::int64_t kMaxSeconds = std::int64_t{1} << 33;  // the year 2242
    if (!take_number(left, seconds, '.') || !take_number(left, milliseconds, ':') ||
        !take_number(left, record.serial_, ')') || seconds < 0 || seconds > kMaxSeconds || milliseconds < 0 ||
        milliseconds > 999) {
        return base::fail(ErrorCode::BadInput, "its time and serial number cannot be read");
    }
    record.ts_ns_ = (seconds * 1000 + milliseconds) * 1'000'000;
    if (left.starts_with(':')) left.remove_prefix(1);
    record.parse_fields(left);
    return record;
}

void AuditRecord::parse_fields(std::string_view text) {
    constexpr std::size_t kMaxFields = 8192;
    constexpr std::size_t kUsual = 40;
    fields_.reserve(kUsual);
    const char* at = text.data();
    const char* const end = at + text.size();
    while (fields_.size() < kMaxFields) {
        at = std::find_if_not(at, end, is_gap);
        const char* const name = at;
        at = std::find_if(at, end, ends_name);
        if (at == end) return;
        const char* const name_end = at++;
        if (*name_end != '=') continue;
        const char* const value = at;
        if (at != end && (*at == '"' || *at == '\'')) {
            const char* const quote = std::find(at + 1, end, *at);
            at = quote == end ? end : quote + 1;
        } else {
            at = std::find_if(at, end, ends_value);
        }
        fields_.emplace_back(std::string_view(name, name_end), std::string_view(value, at));
    }
}

std::string_view AuditRecord::raw(std::string_view name) const {
    const auto found = std::ranges::find(fields_, name, &Field::first);
    return found != fields_.end() ? found->second : std::string_view();
}

std::optional<std::string> AuditRecord::text(std::string_view name) const {
    const std::string_view value = raw(name);
    if (value.empty() || value == "(null)") return std::nullopt;
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        return std::string(value.substr(1, value.size() - 2));
    // The kernel writes what needs quoting as hexadecimal, without quotes.
    if (auto bytes = bytes_from_hex(value)) return bytes;
    return std::string(value);
}

std::int64_t AuditRecord::decimal(std::string_view name, std::int64_t otherwise) const {
    return number_from<std::int64_t>(raw(name), 10, otherwise);
}

std::uint64_t AuditRecord::hexadecimal(std::string_view name, std::uint64_t otherwise) const {
    std::string_view digits = raw(name);
    if (digits.starts_with("0x")) digits.remove_prefix(2);
    return number_from<std::uint64_t>(digits, 16, otherwise);
}

std::optional<std::string> bytes_from_hex(std::string_view digits) {
    if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int byte = number_from<int>(digits.substr(i, 2), 16, -1);
        if (byte < 0) return std::nullopt;
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

std::optional<SocketAddress> socket_address(std::string_view bytes) {
    const auto byte = [&](std::size_t i) {
        return static_cast<unsigned>(static_cast<unsigned char>(bytes[i]));
    };
    if (bytes.size() < 2) return std::nullopt;
    const unsigned family = byte(0) | byte(1) << 8U;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family == AF_INET && bytes.size() >= 8) {
        ::inet_ntop(AF_INET, bytes.data() + 4, text.data(), text.size());
        return SocketAddress{"inet", fmt::format("{}:{}", text.data(), byte(2) << 8U | byte(3))};
    }
    if (family == AF_INET6 && bytes.size() >= 24) {
        ::inet_ntop(AF_INET6, bytes.data() + 8, text.data(), text.size());
        return SocketAddress{"inet6", fmt::format("[{}]:{}", text.data(), byte(2) << 8U | byte(3))};
    }
    if (family == AF_UNIX) {
        std::string_view path = bytes.substr(2);
        if (path.empty() || path == std::string_view("\0", 1)) return SocketAddress{"unix", ""};
        const bool abstract = path.front() == '\0';
        if (abstract) path.remove_prefix(1);
        return SocketAddress{"unix", (abstract ? "@" : "") + std::string(path.substr(0, path.find('\0')))};
    }
    return SocketAddress{fmt::format("family/{}", family), ""};
}

}  // namespace catena::import
