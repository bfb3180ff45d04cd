#include "import/jsonl_arguments.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "sys/flag_names.h"

namespace catena::import {
namespace {

using event::Op;
using sys::FlagSet;

class Arguments {
  public:
    Arguments(JsonFields& fields, std::size_t first) : fields_(fields), first_(first) {}

    // Numbers are taken as they are, texts by the names in them.
    std::uint64_t flags(std::string_view name, FlagSet set) {
        return value(name, [&](std::string_view text) { return sys::flags_from(set, text); });
    }
    std::uint64_t octal(std::string_view name) { return based(name, 8); }
    std::uint64_t hexadecimal(std::string_view name) { return based(name, 16); }
    std::uint64_t number(std::string_view name, std::uint64_t otherwise = 0) {
        return value(name, [](std::string_view) { return std::nullopt; }, otherwise);
    }
    [[nodiscard]] bool has(std::string_view name) const { return fields_.has(place(name)); }
    [[nodiscard]] std::string_view unread() const { return unread_; }

  private:
    [[nodiscard]] std::size_t place(std::string_view name) const {
        return first_ +
               static_cast<std::size_t>(std::ranges::find(kArgumentNames, name) - kArgumentNames.begin());
    }
    template <class Parse>
    std::uint64_t value(std::string_view name, Parse parse, std::uint64_t otherwise = 0) {
        const auto found = fields_.scalar(place(name));
        if (!found) return otherwise;
        if (const auto* number = std::get_if<std::int64_t>(&*found))
            return static_cast<std::uint64_t>(*number);
        const std::optional<std::uint64_t> parsed = parse(std::get<std::string_view>(*found));
        if (!parsed) unread_ = name;
        return parsed.value_or(otherwise);
    }
    std::uint64_t based(std::string_view name, int base) {
        return value(name, [&](std::string_view text) -> std::optional<std::uint64_t> {
            if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
            std::uint64_t number = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
            if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
            return number;
        });
    }

    JsonFields& fields_;
    std::size_t first_;
    std::string_view unread_;
};

std::uint64_t pair_of(std::uint64_t upper, std::uint64_t lower) {
    return upper << 32U | (lower & 0xffffffffU);
}

std::uint64_t argument_of(Op op, Arguments& given) {
    constexpr std::uint64_t kSame = UINT32_MAX;  // of a uid or gid that stays
    switch (op) {
        case Op::Open:
        case Op::Create:
            return pair_of(given.octal("mode"), given.flags("flags", FlagSet::Open));
        case Op::Mkdir:
        case Op::Chmod:
            return given.octal("mode");
        case Op::Chown:
            return given.has("uid") || given.has("gid")
                       ? pair_of(given.number("gid", kSame), given.number("uid", kSame))
                       : 0;
        case Op::Setuid:
            return given.has("uid") || given.has("euid")
                       ? pair_of(given.number("euid", kSame), given.number("uid", kSame))
                       : 0;
        case Op::Setgid:
            return given.has("gid") || given.has("egid")
                       ? pair_of(given.number("egid", kSame), given.number("gid", kSame))
                       : 0;
        case Op::Kill:
            return given.flags("signal", FlagSet::Signal);
        case Op::Ptrace:
            return given.flags("request", FlagSet::Ptrace);
        case Op::Mmap:
        case Op::MmapWrite:
        case Op::Load:
            return pair_of(given.flags("flags", FlagSet::MmapFlags), given.flags("prot", FlagSet::MmapProt));
        case Op::Socket:
        case Op::Socketpair:
            return pair_of(given.flags("type", FlagSet::SocketType), given.flags("family", FlagSet::Family));
        case Op::Setns:
        case Op::Unshare:
        case Op::Fork:
        case Op::Thread:
            return given.flags("flags", FlagSet::Clone);
        case Op::Mount:
        case Op::Umount:
            return given.hexadecimal("flags");
        case Op::Dup:
        case Op::TakeFd:
            return given.number("old_fd");
        case Op::Listen:
            return given.number("backlog");
        case Op::Truncate:
            return given.number("length");
        default:
            return 0;
    }
}

}  // namespace

std::string_view read_arguments(event::Event& event, JsonFields& fields, std::size_t first) {
    Arguments given(fields, first);
    event.arg = static_cast<std::int64_t>(argument_of(event.op, given));
    if (event.op == Op::Exit && event.ret == 0) {
        event.ret = static_cast<std::int64_t>((given.number("exit_code") & 0xffU) << 8U |
                                              (given.flags("signal", FlagSet::Signal) & 0x7fU));
    }
    return given.unread();
}

}  // namespace catena::import
