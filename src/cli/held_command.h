// HeldCommand: a command that has been forked but not yet started, so that it can be marked before it does
// anything.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace catena::cli {

class HeldCommand {
  public:
    // Exit codes of shells and env(1) for a command that cannot be started.
    static constexpr int kNotFound = 127;
    static constexpr int kNotExecutable = 126;

    static base::Result<HeldCommand> create(const std::vector<std::string>& arguments);

    [[nodiscard]] int pidfd() const { return pidfd_.get(); }  // readable once the command has ended
    [[nodiscard]] pid_t pid() const { return pid_; }

    // Lets it go: it execs now. An error when the exec failed.
    base::Status release();

    // Ends it; where it was not released it never starts.
    void cancel();

    void send_signal(int signal) const;

    // Its exit code once it has ended: its own, or 128 + signal.
    std::optional<int> reap();

  private:
    HeldCommand() = default;

    pid_t pid_ = -1;
    base::Fd pidfd_;
    base::Fd hold_;         // closing it releases the command
    base::Fd exec_failed_;  // carries errno when the exec failed
    std::optional<int> exit_code_;
};

}  // namespace catena::cli
