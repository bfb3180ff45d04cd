#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace catena::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{250};
const char* const kClearLine = "\r\033[K";

}  // namespace

ProgressLine::ProgressLine(Clock::time_point since)
    : terminal_(::isatty(STDERR_FILENO) == 1), drawn_(since) {}

ProgressLine::~ProgressLine() {
    if (terminal_) fmt::print(stderr, "{}", kClearLine);
}

bool ProgressLine::is_due() const { return terminal_ && Clock::now() - drawn_ >= kRedraw; }

void ProgressLine::draw(const std::string& text) {
    fmt::print(stderr, "{}{}", kClearLine, text);
    std::fflush(stderr);
    drawn_ = Clock::now();
}

}  // namespace catena::cli
