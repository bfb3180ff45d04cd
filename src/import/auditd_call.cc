#include "import/auditd_call.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "import/ids.h"

namespace catena::import {
namespace {

constexpr std::uint64_t kX64 = 0xc000003e;
constexpr std::uint64_t kI386 = 0x40000003;
constexpr std::uint64_t kX32Bit = 0x40000000;

// Names of calls in words, as auditd adds them, in static storage: only those that x86-64 has.
std::string_view name_in_words(const AuditRecord& syscall) {
    const auto number = sys::syscall_number(syscall.raw("SYSCALL"));
    return number ? sys::syscall_name(*number) : std::string_view{};
}

// "a0", "a1", …, or "a1[0]", "a1[1]", … where the kernel took a long argument apart.
std::string argument_text(const AuditCall& call, std::uint64_t index) {
    const std::string name = fmt::format("a{}", index);
    std::string text;
    for (const AuditRecord& record : call.records) {
        if (record.type() != "EXECVE") continue;
        if (const auto whole = record.text(name)) return *whole;
        for (const auto& [field, value] : record.fields()) {
            if (!field.starts_with(name + "[")) continue;
            if (value.starts_with('"')) {
                text += value.substr(1, value.size() - 2);
            } else {
                text += bytes_from_hex(value).value_or(std::string(value));
            }
        }
    }
    return text;
}

}  // namespace

std::uint64_t AuditCall::arg(std::size_t i) const {
    constexpr std::string_view kNames[] = {"a0", "a1", "a2", "a3"};
    return syscall.hexadecimal(kNames[i]);
}

const AuditRecord* AuditCall::record(std::string_view type) const {
    const auto found = std::ranges::find(records, type, &AuditRecord::type);
    return found != records.end() ? &*found : nullptr;
}

std::string AuditCall::cwd() const {
    const AuditRecord* found = record("CWD");
    return found != nullptr ? found->text("cwd").value_or("") : "";
}

std::string AuditCall::command_line() const {
    constexpr std::uint64_t kMaxArguments = 4096;
    const AuditRecord* execve = record("EXECVE");
    if (execve == nullptr) {
        const AuditRecord* title = record("PROCTITLE");
        std::string text = title != nullptr ? title->text("proctitle").value_or("") : "";
        std::ranges::replace(text, '\0', ' ');
        return text;
    }
    const auto count = std::min(
        static_cast<std::uint64_t>(std::max<std::int64_t>(execve->decimal("argc"), 0)), kMaxArguments);
    std::string line;
    for (std::uint64_t i = 0; i < count; ++i) line += (i > 0 ? " " : "") + argument_text(*this, i);
    return line;
}

std::optional<AuditCall> audit_call(const AuditJoiner::Event& records) {
    const auto found = std::ranges::find(records, "SYSCALL", &AuditRecord::type);
    if (found == records.end()) return std::nullopt;
    AuditCall call{.records = records, .syscall = *found};
    const std::uint64_t arch = found->hexadecimal("arch");
    const auto number = static_cast<std::uint64_t>(found->decimal("syscall", -1));
    if (arch == kI386) call.abi = sys::Abi::I386;
    if (arch == kX64 && number < (kX32Bit << 1U) && (number & kX32Bit) != 0) call.abi = sys::Abi::X32;
    if (arch == kX64 || arch == kI386) {
        constexpr std::uint64_t kMaxNumber = 0xffff;
        const std::uint64_t plain = number & ~kX32Bit;
        if (plain <= kMaxNumber) call.name = sys::syscall_name(static_cast<int>(plain), call.abi);
    } else {
        call.name = name_in_words(*found);
    }
    call.ret = found->decimal("exit", found->raw("success") == "no" ? -1 : 0);
    return call;
}

std::string absolute_path(const std::string& base, const std::string& name) {
    if (!name.starts_with('/') && !base.starts_with('/')) return name;
    return (std::filesystem::path(base) / name).lexically_normal().string();
}

event::EntityId AuditFiles::file(const std::string& node, const AuditPath& path, std::int64_t ts_ns,
                                 bool made) {
    event::EntityId id = path.inode == 0
                             ? id_of("audit path " + node, path.name)
                             : id_of("audit inode " + node, fmt::format("{:x}:{}", path.dev, path.inode));
    std::uint32_t generation = 0;
    if (const std::uint32_t* known = generations_.find(id)) generation = *known;
    if (made && path.inode != 0) generations_.insert(id, ++generation);
    if (generation > 0)
        id = id_of(fmt::format("audit generation {}", generation), fmt::format("{}", id.value));
    sink_.add(event::FileName{.id = id,
                              .since_ns = ts_ns,
                              .path = path.name,
                              .inode = path.inode,
                              .dev = path.dev,
                              .kind = path.kind});
    return id;
}

void AuditDescriptors::open(event::EntityId process, std::int64_t fd, AuditDescriptor descriptor) {
    auto* table = tables_.find(process);
    if (table == nullptr) table = &tables_.insert(process, {});
    if (table->size() < kMaxDescriptors || table->contains(fd)) (*table)[fd] = std::move(descriptor);
}

void AuditDescriptors::close(event::EntityId process, std::int64_t fd) {
    if (auto* table = tables_.find(process)) table->erase(fd);
}

void AuditDescriptors::copy(event::EntityId process, std::int64_t from, std::int64_t to) {
    if (const AuditDescriptor* found = find(process, from)) {
        open(process, to, AuditDescriptor(*found));
    } else {
        close(process, to);
    }
}

void AuditDescriptors::inherit(event::EntityId parent, event::EntityId child) {
    if (const auto* table = tables_.find(parent)) {
        auto copy = *table;
        tables_.insert(child, std::move(copy));
    }
}

const AuditDescriptor* AuditDescriptors::find(event::EntityId process, std::int64_t fd) {
    const auto* table = tables_.find(process);
    if (table == nullptr) return nullptr;
    const auto found = table->find(fd);
    return found != table->end() ? &found->second : nullptr;
}

}  // namespace catena::import
