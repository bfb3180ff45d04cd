// Serving: which processes have begun to serve, for profiles in two phases.
//
// A filter cannot be added to another process from outside, and one that asks about a call that is made for
// every request would cost more than it protects. So the waiting itself is looked at: a process serves once
// one of its threads is found waiting in a call by which serving begins (docs/decisions/0036). What it forks
// after that serves from the beginning.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace catena::seccomp {

class Serving {
  public:
    // Names of calls; none: nothing ever serves. Processes under `command` that lose their parent become
    // children of ours: this process has to be a reaper of its descendants (PR_SET_CHILD_SUBREAPER).
    Serving(const std::vector<std::string>& begins_by, pid_t command);

    // Looks at all descendants of ours. Cheap enough for a few times a second.
    void look();
    // Whether the process serves, by itself or since one that forked it did before.
    [[nodiscard]] bool serves(pid_t pid) const;

  private:
    pid_t command_;
    std::set<int> numbers_;
    std::map<pid_t, std::uint64_t> since_;  // pid → in clock ticks since boot, as in /proc/PID/stat
    std::uint64_t first_ = ~std::uint64_t{0};
};

}  // namespace catena::seccomp
