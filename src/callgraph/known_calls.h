// KnownCalls: the system calls that programs can make, kept between runs for as long as all that they follow
// from is as it was.
//
// What is kept is a whole answer, with the question that it answers, the analysis that gave it and all that
// this asked of the file system (FileAnswers). One that does not fit in all three counts as not there, as
// does a file that is damaged; a filter that is made of an answer that is out of date would be a wrong one.
// Any number of processes may use one folder.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "callgraph/file_answers.h"
#include "callgraph/program.h"
#include "callgraph/reachable_calls.h"
#include "callgraph/stored_bytes.h"

namespace catena::callgraph {

struct KnownAnswer {
    std::string question;
    std::string analysis;
    FileAnswers files;
    ReachableCalls calls;

    [[nodiscard]] std::vector<std::byte> written() const;
    // Nothing for bytes that are not what written() gives.
    [[nodiscard]] static std::optional<KnownAnswer> read(std::span<const std::byte> bytes);
};

class KnownCalls {
  public:
    // Of a file that has KnownAnswer::written(). The version is to be raised when that changes.
    static constexpr StoredKind kKind{.name = {'C', 'A', 'T', 'E', 'N', 'A', 'K', 'C'}, .version = 1};
    // More answers than this are not kept; the oldest go.
    static constexpr std::size_t kMaxAnswers = 512;

    // No folder: nothing is kept. `margin` is how long before the analysis a file must have changed last, so
    // that its next change has another time on any file system (two seconds on FAT, and clocks that tick).
    explicit KnownCalls(std::string folder, std::chrono::nanoseconds margin = std::chrono::seconds(2))
        : folder_(std::move(folder)), margin_(margin) {}

    // Of a program with these options; nothing where it has to be worked out.
    [[nodiscard]] std::optional<ReachableCalls> find(const std::string& program,
                                                     const ProgramOptions& options) const;
    // Works it out with Program, and keeps it. Errors are those of Program::analyze, and are not kept.
    [[nodiscard]] base::Result<ReachableCalls> analyze(const std::string& program,
                                                       const ProgramOptions& options) const;

    // Where an answer is kept.
    [[nodiscard]] std::string path_of(const std::string& program, const ProgramOptions& options) const;

  private:
    void keep(const KnownAnswer& answer, const std::string& path) const;

    std::string folder_;
    std::chrono::nanoseconds margin_;
};

// The calls of a program, from options.cache_folder or else by analysis.
[[nodiscard]] base::Result<ReachableCalls> reachable_calls(const std::string& program,
                                                           const ProgramOptions& options);

}  // namespace catena::callgraph
