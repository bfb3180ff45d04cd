// Culprits: which function of which library made the call that a thread is stopped in, and who called it.
//
// Caches files for as long as it lives. One thread at a time. Whatever cannot be read or shown is left out:
// the thread may be gone, and its memory holds what the program put there.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sys/syscalls.h"

namespace catena::seccomp {

struct Frame {
    std::string binary;         // path; "[vdso]", "[heap]" as /proc has it; empty where nothing is mapped
    std::string function;       // as people write it; empty where it has no name
    std::uint64_t address = 0;  // as linked
};

class Culprits {
  public:
    Culprits();
    ~Culprits();
    Culprits(const Culprits&) = delete;
    Culprits& operator=(const Culprits&) = delete;

    // Frames from the one that made the call outwards, as far as they are sure. `instruction` is the address
    // behind the instruction that entered the kernel. The thread has to stay stopped meanwhile.
    std::vector<Frame> frames(pid_t tid, std::uint64_t instruction);

  private:
    struct Mapping;
    struct File;
    std::shared_ptr<File> file_of(pid_t tid, const std::string& path);

    std::map<std::string, std::shared_ptr<File>> files_;
};

// "getppid in libc.so.6, called by main in server".
std::string to_text(const std::vector<Frame>& frames);

// The call as text, with the memory that its arguments point to where it can be read. A program can change
// that memory at any time: it is for people to read, never to decide by.
std::string call_text_of(pid_t tid, sys::Abi abi, std::uint32_t number,
                         const std::array<std::uint64_t, 6>& arguments);

}  // namespace catena::seccomp
