#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "event/escape.h"
#include "graph/text.h"

namespace catena::cli {

using graph::with_commas;

Progress::Progress(std::chrono::steady_clock::time_point began) : began_(began), line_(began) {}

void Progress::show(const sensor::Progress& now) {
    if (!line_.is_due()) return;
    const std::chrono::duration<double> total = std::chrono::steady_clock::now() - began_;
    const double rate = static_cast<double>(now.seen - seen_before_) / line_.since_drawn().count();
    line_.draw(
        fmt::format("recording {:.1f} s: {} seen, {} stored, {} merged, {} lost, {}/s{}", total.count(),
                    with_commas(now.seen), with_commas(now.stored), with_commas(now.merged),
                    with_commas(now.lost), with_commas(static_cast<std::uint64_t>(rate)),
                    now.backlog_bytes > 0 ? fmt::format(", {} MiB behind", now.backlog_bytes >> 20U) : ""));
    seen_before_ = now.seen;
}

void Progress::summarise(const sensor::Progress& total, const std::string& path) {
    const std::string name = event::escape_for_terminal(path);
    if (::isatty(STDERR_FILENO) == 1) {
        fmt::print(stderr, "catena: {}: {} seen: {} stored, {} merged, {} filtered, {} lost\n", name,
                   with_commas(total.seen), with_commas(total.stored), with_commas(total.merged),
                   with_commas(total.filtered), with_commas(total.lost));
        if (total.calls > 0) {
            fmt::print(stderr, "catena: {}: {} system calls, {} of them lost\n", name,
                       with_commas(total.calls), with_commas(total.lost_calls));
        }
        return;
    }
    const auto tell = [&](std::uint64_t lost, const char* what) {
        if (lost == 0) return;
        fmt::print(
            stderr,
            "catena: {}: {} {} were lost because the ring buffer was full: --ring-mib makes it larger, "
            "--backlog-mib what may wait on disk\n",
            name, with_commas(lost), what);
    };
    tell(total.lost, "events");
    tell(total.lost_calls, "system calls");
}

}  // namespace catena::cli
