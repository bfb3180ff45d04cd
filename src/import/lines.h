// LineReader: the lines of a file or of standard input, plain or compressed (gzip, xz, zstd, bzip2: told by
// content, not by name; docs/decisions/0020). Streaming: memory is bounded by the longest line. One thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

struct archive;

namespace catena::import {

struct Line {
    std::uint64_t number = 0;    // from 1
    std::string_view text = {};  // without its end; followed by kPadding readable bytes. Valid until next()
    bool too_long = false;       // more than kMaxLine; then there is no text
};

class LineReader {
  public:
    static constexpr std::size_t kMaxLine = std::size_t{16} << 20;
    static constexpr std::size_t kPadding = 64;  // what simdjson may read beyond the end

    // "-" is standard input. BadInput or NotPermitted where it cannot be opened or its compression is broken
    // at the start.
    // `go_on` is asked now and then while the input is waited for; once it is false, the input ends, and with
    // it a line of which only a part has come.
    static base::Result<LineReader> open(
        const std::string& path, std::function<bool()> go_on = [] { return true; });

    // The next line; nothing at the end. BadInput where the input breaks off or is damaged: what came before
    // is good.
    base::Result<std::optional<Line>> next();

    // Whether the input ended because it was not to go on.
    [[nodiscard]] bool was_stopped() const { return source_->stopped; }

    // What the input begins with: its first line at least, and up to some 256 KiB of what is there; before
    // the first next() only.
    base::Result<std::string_view> head();

    // Compressed bytes read so far, and how many there are in all (0 where that is not known).
    [[nodiscard]] std::uint64_t position() const;
    [[nodiscard]] std::uint64_t size() const { return size_; }
    // "none", "gzip", "xz", …
    [[nodiscard]] std::string compression() const;

  private:
    struct Close {
        void operator()(archive* opened) const;
    };

    // What the archive reads from.
    struct Source {
        int fd;
        std::function<bool()> go_on;
        std::vector<char> block;
        bool stopped = false;
    };

    LineReader() = default;
    static ssize_t read_block(archive* opened, void* source, const void** block);
    base::Result<bool> fill();
    base::Result<std::optional<Line>> skip_long_line();
    Line make_line(std::size_t stop);  // from begin_ to there
    [[nodiscard]] base::Error broken() const;

    std::string path_;
    base::Fd fd_;
    std::unique_ptr<Source> source_;
    std::unique_ptr<archive, Close> archive_;
    std::uint64_t size_ = 0;
    std::uint64_t number_ = 0;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;    // of what has not been handed out
    std::size_t end_ = 0;      // of what has been read
    std::size_t scanned_ = 0;  // no line ends before here
    bool at_end_ = false;
    std::optional<base::Error> failure_;  // what ended the input early
};

}  // namespace catena::import
