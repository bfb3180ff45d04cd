// FileAnswers: everything that an analysis asked of the file system, and what it was told. As long as each
// question has the same answer, so has the analysis, and its result need not be worked out again.
//
// Root asks and notes; nothing else of the analysis reaches for files. What is not there is noted, too: a
// file that appears earlier on a search path changes what is loaded. Paths are resolved again and folders
// listed again to compare them; of files that were read, it is compared which they are, whether they may be
// read, and when they last changed (ctime, which no program can set). One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "callgraph/stored_bytes.h"

namespace catena::callgraph {

// A file as it was at one time.
struct FileState {
    bool readable = false;  // by this user, now
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t mode = 0;
    std::uint64_t size_bytes = 0;
    std::int64_t modified_ns = 0;  // since the epoch, as all of them
    std::int64_t changed_ns = 0;

    // Nothing where there is no such file, or none that may be looked at.
    [[nodiscard]] static std::optional<FileState> of(const std::string& host_path);
    friend bool operator==(const FileState&, const FileState&) = default;
};

class FileAnswers {
  public:
    // For what is asked from now on.
    FileAnswers();

    // Where a path of the host leads, all links followed; nothing: nowhere.
    void host_path(const std::string& asked, const std::optional<std::string>& real);
    // Where a path inside the root folder leads, as the root sees it.
    void path(const std::string& asked, const std::optional<std::string>& real);
    // What is at a path of the host. To be noted before the file is read and again afterwards.
    void file(const std::string& host_path, const std::optional<FileState>& state);
    // The names in a folder inside the root.
    void folder(const std::string& path, const std::vector<std::string>& names);

    // Whether all of this would be answered the same now, where `root` is given as it was then.
    [[nodiscard]] bool hold(const std::string& root) const;
    // Whether a file that changes after it was read can be told by its times: not where it changed while it
    // was read, nor where it had changed so shortly before that the clock of its file system may not have
    // gone on.
    [[nodiscard]] bool settled(std::chrono::nanoseconds margin) const;

    void write(ByteWriter& to) const;
    [[nodiscard]] static FileAnswers read(ByteReader& from);

  private:
    using Paths = std::map<std::string, std::optional<std::string>>;

    Paths host_paths_;
    Paths paths_;
    std::map<std::string, std::optional<FileState>> files_;
    std::map<std::string, std::vector<std::string>> folders_;
    bool contradictory_ = false;  // one question had two answers
    std::int64_t began_ns_ = 0;
};

}  // namespace catena::callgraph
