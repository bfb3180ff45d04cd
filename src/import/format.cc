#include "import/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "event/escape.h"

namespace catena::import {
namespace {

constexpr std::array<Format, 4> kFormats = {{
    {"jsonl", "what catena events --format json prints, or other programs in its form", looks_like_jsonl,
     make_jsonl},
    {"cadets", "FreeBSD audit events of CADETS as JSON (DARPA Transparent Computing)", looks_like_cadets,
     make_cadets},
    {"sysflow", "records of the SysFlow collector as JSON Lines", looks_like_sysflow, make_sysflow},
    {"auditd", "Linux audit's raw log, /var/log/audit/audit.log", looks_like_auditd, make_auditd},
}};

// Calls `visit` for each line until it returns true; whether one did.
template <class Visit>
bool any_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (visit(text.substr(0, end))) return true;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return false;
}

}  // namespace

std::span<const Format> formats() { return kFormats; }

const Format* find_format(std::string_view name) {
    const auto found = std::ranges::find(kFormats, name, &Format::name);
    return found != kFormats.end() ? &*found : nullptr;
}

base::Status check_format(const Format& format, std::string_view head, const std::string& path) {
    const std::string shown = path == "-" ? "standard input" : event::escape_for_terminal(path);
    if (head.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return base::fail(base::ErrorCode::BadInput, shown + " is empty: there is nothing to import");
    }
    if (any_line(head, format.recognises)) return {};
    for (const Format& other : formats()) {
        if (!any_line(head, other.recognises)) continue;
        return base::fail(base::ErrorCode::BadInput,
                          fmt::format("{} looks like {}, not like {}: catena import {} {} …", shown,
                                      other.name, format.name, other.name, shown));
    }
    constexpr std::size_t kShown = 60;
    const std::string_view first = head.substr(0, std::min(head.find('\n'), kShown));
    return base::fail(base::ErrorCode::BadInput,
                      fmt::format("{} does not look like {}, nor like any other format that Catena reads; it "
                                  "begins with \"{}\"",
                                  shown, format.name, event::escape_for_terminal(first)));
}

}  // namespace catena::import
