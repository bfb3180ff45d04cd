#include "sensor/uprobe_set.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <span>
#include <utility>

#include "sensor/slow_closer.h"

namespace catena::sensor {
namespace {

// What the kernel says of a first place where it takes none at all: it has no such probes, or they are
// denied.
bool takes_none(int error) { return error == EPERM || error == EACCES || error == EINVAL; }

base::Status interrupted() { return base::fail_errno("placing probes", EINTR); }

// The kernel takes the probes of one file together, quickly, but refuses all of them for one that it cannot
// place. So a group that is refused is halved until those are found.
class UprobesTogether final : public UprobeSet {
  public:
    UprobesTogether(int program, UprobeKind kind) : program_(program), kind_(kind) {}

    base::Status add(const std::string& path, std::vector<UprobePlace> places, std::vector<Refused>& refused,
                     const More& more) override {
        if (places.empty()) return {};
        // Where it takes none, no half of them fares better.
        if (const auto first = attach_together(program_, path, std::span(places).first(1), kind_);
            !first && takes_none(first.error().errno_value))
            return std::unexpected(first.error());
        return add_group(path, std::move(places), refused, more);
    }

    // Attaching a group anew costs about as much as some thousand calls. One that is large costs hardly more
    // than one that is small: the kernel waits for all its processors, once a group.
    base::Status remove_if(const std::function<bool(const UprobePlace&)>& goes) override {
        for (Group& group : groups_) {
            if (std::erase_if(group.places, goes) == 0) continue;
            base::Fd rest;
            // The rest is attached again before it goes, so that no call is missed in between.
            if (!group.places.empty()) {
                auto again = attach_together(program_, group.path, group.places, kind_);
                if (!again)
                    return std::unexpected(std::move(again).error().with_context("the probes that are left"));
                rest = *std::move(again);
            }
            group.link = std::move(rest);
        }
        std::erase_if(groups_, [](const Group& group) { return group.places.empty(); });
        return {};
    }

    void clear() override { groups_.clear(); }
    std::size_t wait(std::chrono::milliseconds) override { return 0; }

  private:
    struct Group {
        std::string path;
        std::vector<UprobePlace> places;
        base::Fd link;
    };

    base::Status add_group(const std::string& path, std::vector<UprobePlace> places,
                           std::vector<Refused>& refused, const More& more) {
        auto link = attach_together(program_, path, places, kind_);
        const std::size_t count = places.size();
        if (link) {
            groups_.push_back({path, std::move(places), *std::move(link)});
        } else if (count == 1) {
            refused.push_back({places.front(), link.error().errno_value});
        } else {
            const auto half = places.begin() + static_cast<std::ptrdiff_t>(count / 2);
            if (auto added = add_group(path, {places.begin(), half}, refused, more); !added) return added;
            return add_group(path, {half, places.end()}, refused, more);
        }
        return more(count) ? base::Status() : interrupted();
    }

    int program_;
    UprobeKind kind_;
    std::vector<Group> groups_;
};

class UprobesSingly final : public UprobeSet {
  public:
    UprobesSingly(int program, UprobeKind kind) : program_(program), kind_(kind) {}

    base::Status add(const std::string& path, std::vector<UprobePlace> places, std::vector<Refused>& refused,
                     const More& more) override {
        for (const UprobePlace& place : places) {
            auto link = attach_singly(program_, path, place, kind_);
            if (link) {
                links_.push_back({place, *std::move(link)});
            } else {
                const int error = link.error().errno_value;
                const bool first = links_.empty() && refused.empty();
                if (error == 0 || no_room(error) || (first && takes_none(error)))
                    return std::unexpected(link.error());
                refused.push_back({place, error});
            }
            if (!more(1)) return interrupted();
        }
        return {};
    }

    base::Status remove_if(const std::function<bool(const UprobePlace&)>& goes) override {
        const auto gone =
            std::ranges::partition(links_, [&](const Placed& each) { return !goes(each.place); });
        for (Placed& each : gone) closer_.put(std::move(each.link));
        links_.erase(gone.begin(), gone.end());
        return {};
    }

    void clear() override {
        if (links_.empty()) return;
        // To take one away the kernel waits for whatever runs on any of them.
        links_.pop_back();
        for (Placed& each : links_) closer_.put(std::move(each.link));
        links_.clear();
    }

    std::size_t wait(std::chrono::milliseconds at_most) override { return closer_.wait(at_most); }

  private:
    struct Placed {
        UprobePlace place;
        base::Fd link;
    };

    static bool no_room(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

    int program_;
    UprobeKind kind_;
    std::vector<Placed> links_;
    SlowCloser closer_;
};

}  // namespace

std::unique_ptr<UprobeSet> UprobeSet::create(UprobeWay way, int program, UprobeKind kind) {
    if (way == UprobeWay::Together) return std::make_unique<UprobesTogether>(program, kind);
    return std::make_unique<UprobesSingly>(program, kind);
}

}  // namespace catena::sensor
