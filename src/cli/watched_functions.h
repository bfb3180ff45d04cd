// WatchedFunctions: the functions that `record --functions` asks for, from patterns to probes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/recorder.h"
#include "functions/selection.h"
#include "sensor/function_probes.h"

namespace catena::cli {

struct FunctionOptions {
    std::vector<std::string> patterns;  // none: no functions are watched
    std::string mode = "events";
    bool allow_single_step = false;
    bool list_unwatched = false;
    bool exits = false;

    [[nodiscard]] sensor::FunctionsMode sensor_mode() const;
};

class WatchedFunctions {
  public:
    // The way of the running kernel; with CATENA_PROBES=singly in the environment the one of older kernels,
    // for tests.
    [[nodiscard]] sensor::UprobeWay way() const { return way_; }

    WatchedFunctions() = default;

    // Finds them. exe: is what `command` starts, or what process `pid` runs (0 for none).
    static base::Result<WatchedFunctions> find(const FunctionOptions& options,
                                               const std::vector<std::string>& command, std::int32_t pid);

    // Places the probes, writes down what is watched, and says on standard error what is not.
    base::Status attach(Recorder& recorder, const sensor::Placed& placed);

  private:
    void tell() const;
    void tell_untimed() const;

    FunctionOptions options_;
    sensor::UprobeWay way_ = sensor::UprobeWay::Together;
    std::vector<functions::Selected> selected_;
};

}  // namespace catena::cli
