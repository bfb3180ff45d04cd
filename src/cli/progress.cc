#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "event/escape.h"

namespace catena::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{250};
const char* const kClearLine = "\r\033[K";

// 12345678 → "12,345,678".
std::string grouped(std::uint64_t number) {
    std::string text = fmt::format("{}", number);
    for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
    return text;
}

}  // namespace

Progress::Progress(std::chrono::steady_clock::time_point began)
    : terminal_(::isatty(STDERR_FILENO) == 1), began_(began), drawn_(began) {}

Progress::~Progress() {
    if (terminal_) fmt::print(stderr, "{}", kClearLine);
}

void Progress::show(const sensor::Progress& now) {
    const auto time = std::chrono::steady_clock::now();
    if (!terminal_ || time - drawn_ < kRedraw) return;
    const std::chrono::duration<double> since = time - drawn_;
    const std::chrono::duration<double> total = time - began_;
    const double rate = static_cast<double>(now.seen - seen_before_) / since.count();
    fmt::print(stderr, "{}recording {:.1f} s: {} seen, {} stored, {} merged, {} lost, {}/s", kClearLine,
               total.count(), grouped(now.seen), grouped(now.stored), grouped(now.merged), grouped(now.lost),
               grouped(static_cast<std::uint64_t>(rate)));
    std::fflush(stderr);
    drawn_ = time;
    seen_before_ = now.seen;
}

void Progress::summarise(const sensor::Progress& total, const std::string& path) {
    const std::string name = event::escape_for_terminal(path);
    if (::isatty(STDERR_FILENO) == 1) {
        fmt::print(stderr, "catena: {}: {} seen: {} stored, {} merged, {} filtered, {} lost\n", name,
                   grouped(total.seen), grouped(total.stored), grouped(total.merged), grouped(total.filtered),
                   grouped(total.lost));
        if (total.calls > 0) {
            fmt::print(stderr, "catena: {}: {} system calls, {} of them lost\n", name, grouped(total.calls),
                       grouped(total.lost_calls));
        }
        return;
    }
    const auto tell = [&](std::uint64_t lost, const char* what) {
        if (lost == 0) return;
        fmt::print(
            stderr,
            "catena: {}: {} {} were lost because the ring buffer was full: --ring-mib makes it larger\n",
            name, grouped(lost), what);
    };
    tell(total.lost, "events");
    tell(total.lost_calls, "system calls");
}

}  // namespace catena::cli
