// RecordedCalls: which system calls a recording has of a program and of all that it started.
#pragma once

#include <string>

#include "base/result.h"
#include "seccomp/derive.h"

namespace catena::cli {

// `binary` is the program, as recordings name it; empty: what the recorder ran. Its calls are those of
// processes from the moment that they ran it, whatever they, or what they fork, run after: a filter is
// inherited by all of them.
base::Result<seccomp::Observation> recorded_calls(const std::string& trace, const std::string& binary);

// The program that a recording of a command ran first; NotFound where it holds no exec.
base::Result<std::string> recorded_program(const std::string& trace);

}  // namespace catena::cli
