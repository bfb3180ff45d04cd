// Supervisor: answers the calls that a filter asks about, and tells of them.
//
// What is decided depends on the number and the registers alone: those cannot change while the thread waits.
// Where the supervisor dies, the kernel answers ENOSYS to all that would be asked: nothing passes.
// One thread. Ends when no process is left under the filter.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "seccomp/culprit.h"
#include "seccomp/launcher.h"
#include "seccomp/policy.h"
#include "seccomp/serving.h"

namespace catena::seccomp {

enum class OnViolation : std::uint8_t {
    Deny,   // EPERM, or ENOSYS for calls that no table has
    Pass,   // told only
    Learn,  // told, and from then on in the profile
};

struct Violation {
    sys::Abi abi = sys::Abi::X64;
    std::uint32_t number = 0;
    Arguments arguments{};
    std::string text;  // the call with its arguments
    pid_t pid = 0;     // process
    pid_t tid = 0;
    std::string exe;  // what it runs
    std::vector<Frame> frames;
    Verdict verdict = Verdict::Denied;
    bool too_late = false;  // allowed for start-up, and the process serves
};

struct SupervisorOptions {
    OnViolation on_violation = OnViolation::Deny;
    bool phases = false;
};

struct Outcome {
    int exit_code = 0;             // of the command: its own, or 128 + signal
    std::uint64_t violations = 0;  // calls that the profile does not have, repeated ones too
    std::uint64_t repeated = 0;    // of these, those that were told before
};

class Supervisor {
  public:
    // Borrows the profile, to which calls are added in Learn.
    Supervisor(Launched launched, Profile& profile, SupervisorOptions options);

    // `tell` is called once for each call, process image and place in the code. Signals that
    // end or control programs are given on to the command. An error where its exec failed.
    base::Result<Outcome> run(const std::function<void(const Violation&)>& tell);

  private:
    struct Asked;
    bool reap();
    void see_launch();
    bool is_launch_call(pid_t pid);
    base::Status answer_next(const std::function<void(const Violation&)>& tell);
    Violation describe(const Asked& asked, Verdict verdict, bool too_late);
    void learn(const Violation& violation);
    base::Status reply(std::uint64_t id, int error);

    Launched launched_;
    Profile& profile_;
    SupervisorOptions options_;
    Culprits culprits_;
    Serving serving_;
    std::set<std::string> told_;
    Outcome outcome_;
    bool launched_yet_ = false;
    bool exited_ = false;
    int exec_error_ = 0;  // errno
};

}  // namespace catena::seccomp
