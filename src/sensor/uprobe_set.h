// UprobeSet: one program on many places of files, put there in one of the two ways of sensor/uprobe.h.
// One thread. What is placed goes away with the object.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "sensor/uprobe.h"

namespace catena::sensor {

class UprobeSet {
  public:
    static std::unique_ptr<UprobeSet> create(UprobeWay way, int program, UprobeKind kind);

    virtual ~UprobeSet() = default;

    // A place that the kernel did not take, and the errno.
    struct Refused {
        UprobePlace place;
        int error = 0;
    };
    // Told that so many more are placed or refused. False stops it.
    using More = std::function<bool(std::size_t)>;

    // Adds places of a file; those that the kernel does not take are appended to `refused`, and the others
    // are placed nevertheless. Fails where the kernel takes none from us, wherever it is, where there is no
    // room for more, and with EINTR where `more` has stopped it; what was placed until then stays.
    virtual base::Status add(const std::string& path, std::vector<UprobePlace> places,
                             std::vector<Refused>& refused, const More& more) = 0;

    // Takes those away of which `goes` is true. The others miss nothing meanwhile.
    virtual base::Status remove_if(const std::function<bool(const UprobePlace&)>& goes) = 0;

    // Has all taken away. Singly, that goes on behind it; but whatever runs of the program at the beginning
    // has run at the end.
    virtual void clear() = 0;

    // How many of those that are to go are still there, after so long at most.
    virtual std::size_t wait(std::chrono::milliseconds at_most) = 0;

  protected:
    UprobeSet() = default;
    UprobeSet(const UprobeSet&) = default;
    UprobeSet& operator=(const UprobeSet&) = default;
};

}  // namespace catena::sensor
