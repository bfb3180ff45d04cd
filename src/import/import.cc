#include "import/import.h"

#include <fmt/format.h>

#include <utility>

namespace catena::import {
namespace {

constexpr std::uint64_t kLinesARound = 4096;

base::Status read_line(Parser& parser, const Line& line) {
    if (line.too_long) {
        return base::fail(base::ErrorCode::BadInput,
                          fmt::format("longer than {} MiB", LineReader::kMaxLine >> 20U));
    }
    return parser.line(line);
}

std::string ended_by_signal(const Summary& summary) {
    return fmt::format("ended by a signal after line {}", summary.lines);
}

}  // namespace

base::Result<Summary> run(const Job& job) {
    Sink sink(job.append);
    Summary& summary = sink.summary();
    const auto parser = job.format.make(sink);
    while (true) {
        const auto line = job.lines.next();
        if (!line) {
            summary.cut = line.error().message;
            break;
        }
        if (!*line) {
            if (job.lines.was_stopped()) summary.cut = ended_by_signal(summary);
            break;
        }
        summary.lines = (*line)->number;
        if (auto read = read_line(*parser, **line); !read)
            sink.bad((*line)->number, std::move(read).error().message);
        if (auto handed = sink.hand_on(); !handed) return std::unexpected(std::move(handed).error());
        if (summary.lines % kLinesARound == 0 && !job.proceed(summary)) {
            summary.cut = ended_by_signal(summary);
            break;
        }
    }
    parser->finish();
    if (auto finished = sink.finish(); !finished) return std::unexpected(std::move(finished).error());
    return summary;
}

}  // namespace catena::import
