// AuditRecord: one line of Linux audit's raw log, "type=SYSCALL msg=audit(1364481363.243:24287): arch=…". It
// keeps the line; what it hands out as views points into that, and stays where it is when the record is
// moved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace catena::import {

class AuditRecord {
  public:
    using Field = std::pair<std::string_view, std::string_view>;  // its name and its value, as it is written

    // BadInput where the line is no audit record.
    static base::Result<AuditRecord> parse(std::string_view line);
    AuditRecord(AuditRecord&&) noexcept = default;
    AuditRecord& operator=(AuditRecord&&) noexcept = default;
    AuditRecord(const AuditRecord&) = delete;
    AuditRecord& operator=(const AuditRecord&) = delete;
    ~AuditRecord() = default;

    [[nodiscard]] std::string_view type() const { return type_; }
    // Of the host; empty where it is not told.
    [[nodiscard]] std::string_view node() const { return node_; }
    // Nanoseconds since 1970; the log has milliseconds.
    [[nodiscard]] std::int64_t ts_ns() const { return ts_ns_; }
    [[nodiscard]] std::uint64_t serial() const { return serial_; }
    [[nodiscard]] std::size_t size() const { return line_.size(); }

    // As it is written; empty where there is none.
    [[nodiscard]] std::string_view raw(std::string_view name) const;
    // A string as it was: quotes taken off, hexadecimal decoded. Nothing where there is none, or "(null)".
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    // Of decimal and of hexadecimal digits; `otherwise` where it is no such number.
    [[nodiscard]] std::int64_t decimal(std::string_view name, std::int64_t otherwise = 0) const;
    [[nodiscard]] std::uint64_t hexadecimal(std::string_view name, std::uint64_t otherwise = 0) const;
    [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

  private:
    explicit AuditRecord(std::string_view line) : line_(line.begin(), line.end()) {}
    void parse_fields(std::string_view text);

    std::vector<char> line_;
    std::string_view type_;
    std::string_view node_;
    std::int64_t ts_ns_ = 0;
    std::uint64_t serial_ = 0;
    std::vector<Field> fields_;
};

// The bytes that hexadecimal digits stand for; nothing where they are none, or an odd number.
std::optional<std::string> bytes_from_hex(std::string_view digits);

struct SocketAddress {
    std::string protocol;  // "inet", "inet6", "unix", or "family/N"
    std::string address;   // as event::Socket has it; empty where there is none
};

// A struct sockaddr of a little-endian machine. Nothing where it is too short to have a family.
std::optional<SocketAddress> socket_address(std::string_view bytes);

}  // namespace catena::import
