// Abstract interpretation, forward, over the instructions of one function: each block is gone through with
// what is known at its beginning, and what is known at its end is joined into the blocks that follow, until
// nothing changes. A set only grows and is given up at kMaxValues, so that this ends.
//
// What is not modelled makes what it writes unknown. Memory is followed only in the function's own frame, at
// known distances from the stack pointer, and only as long as no address of the frame is known elsewhere.
#include "callgraph/value_flow.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "callgraph/value_step.h"

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxRounds = 200000;

class Follower {
  public:
    Follower(const elf::Image& image, const FlowQuestion& question) : question_(question) {
        ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        decode(image);
    }

    std::vector<FlowPoint> run() {
        if (steps_.empty()) return {};
        enter_all();
        if (question_.assumed != nullptr && !gave_up_) {
            states_.clear();
            visited_.clear();
            pruning_ = true;
            enter_all();
            if (gave_up_) look_at_all();
        }
        collect();
        return std::move(points_);
    }

  private:
    // Too long to say what has no way.
    void look_at_all() {
        states_.clear();
        visited_.clear();
        roots_.clear();
        pruning_ = false;
        rounds_ = 0;
        enter_all();
        gave_up_ = true;
    }

    void enter_all() {
        AbstractState first =
            question_.entered_by_calls ? AbstractState::at_entry() : AbstractState{.entry_slots = false};
        for (unsigned i = 0; i < kRegisters; ++i) {
            const bool any = !question_.entered_by_calls && !question_.followed.empty();
            first.registers[i] = first.registers[i].with_mark(any || (question_.marked_entry >> i & 1U) != 0);
        }
        if (pruning_ && question_.entered_by_calls) {
            for (const auto& [parameter, value] : question_.assumed->parameters)
                first.registers[parameter] = value;
        }
        enter(steps_.front().address, first);
        for (const std::uint64_t each : question_.inner_entries) {
            if (each != steps_.front().address || !question_.entered_by_calls) enter_unknown(each);
        }
        work();
        if (pruning_)
            for (const std::uint64_t each : roots_) {
                enter_unknown(each);
                work();
            }
        else
            enter_what_is_left();
    }

    // What handlers of exceptions lead to, among others.
    void enter_what_is_left() {
        bool behind_end = false;
        for (const Step& each : steps_) {
            // Padding behind the end of a block is not on any way.
            const bool padding = each.instruction.mnemonic == ZYDIS_MNEMONIC_NOP && !is_entry(each.address);
            behind_end = behind_end || is_start(each.address);
            if (!behind_end || padding) continue;
            behind_end = false;
            if (visited_.contains(each.address)) continue;
            leaders_.insert(each.address);
            roots_.push_back(each.address);
            enter_unknown(each.address);
            work();
        }
    }

    void decode(const elf::Image& image) {
        const auto bytes = image.bytes_at(question_.begin, question_.end - question_.begin);
        for (std::size_t at = 0; at < bytes.size();) {
            Step step;
            if (!step.decode(decoder_, question_.begin + at, bytes.subspan(at))) {
                ++at;
                continue;
            }
            at += step.instruction.length;
            steps_.push_back(step);
        }
        for (const Step& each : steps_) {
            if (each.target() && inside(*each.target())) leaders_.insert(*each.target());
            if (each.ends_block()) leaders_.insert(each.next());
        }
        leaders_.insert(question_.begin);
        leaders_.insert(question_.inner_entries.begin(), question_.inner_entries.end());
        leaders_.insert(question_.table_targets.begin(), question_.table_targets.end());
    }

    [[nodiscard]] bool inside(std::uint64_t address) const {
        return address >= question_.begin && address < question_.end;
    }
    [[nodiscard]] bool is_start(std::uint64_t address) const { return leaders_.contains(address); }

    [[nodiscard]] bool is_entry(std::uint64_t address) const {
        return std::ranges::binary_search(question_.inner_entries, address) ||
               std::ranges::binary_search(question_.table_targets, address);
    }

    [[nodiscard]] std::size_t index_of(std::uint64_t address) const {
        const auto found = std::ranges::lower_bound(steps_, address, {}, &Step::address);
        return found != steps_.end() && found->address == address
                   ? static_cast<std::size_t>(found - steps_.begin())
                   : steps_.size();
    }

    void enter(std::uint64_t address, const AbstractState& state) {
        if (!inside(address) || index_of(address) == steps_.size()) return;
        const auto known = states_.find(address);
        if (known == states_.end())
            states_.emplace(address, state);
        else if (!known->second.join(state))
            return;
        open_.insert(address);
    }

    void enter_unknown(std::uint64_t address) {
        AbstractState state{.entry_slots = false};
        state.escaped = true;
        state.hidden_marks = !question_.followed.empty();
        for (AbstractValue& each : state.registers) each = each.with_mark(state.hidden_marks);
        state.registers[kRsp] = AbstractValue::frame(0);
        enter(address, state);
    }

    void work() {
        while (!open_.empty()) {
            const std::uint64_t address = *open_.begin();
            open_.erase(open_.begin());
            if (++rounds_ > kMaxRounds) {  // a bound for what was made to take long: nothing is known then
                gave_up_ = true;
                open_.clear();
                return;
            }
            go_through(address, nullptr);
        }
    }

    // From the beginning of a block to its end; with `points`, only notes what is known on the way.
    void go_through(std::uint64_t address, std::vector<FlowPoint>* points) {
        AbstractState state = states_.at(address);
        std::optional<Compared> compared;
        for (std::size_t i = index_of(address); i < steps_.size(); ++i) {
            const Step& step = steps_[i];
            if (step.address != address && is_start(step.address)) {
                if (points == nullptr) enter(step.address, state);
                return;
            }
            visited_.insert(step.address);
            if (points != nullptr) note(step, state, *points);
            if (pruning_ && step.sets_flags()) compared = step.compared(state, question_.assumed);
            const Ways ways = pruning_ ? ways_of(step.instruction.mnemonic, compared) : Ways{};
            step.apply(state, question_.followed, pruning_ ? question_.assumed : nullptr);
            if (returns_twice(step)) state.forget_slots();
            Step::Limit limit;
            if (i > 0 && step.address != address) limit = step.limit_after(steps_[i - 1]);
            if (points == nullptr && ways.jumps) {
                if (limit.known && limit.where_taken)
                    leave(step, with(state, limit));
                else
                    leave(step, state);
            }
            if (!ways.falls) return;
            if (limit.known && !limit.where_taken) state = with(std::move(state), limit);
            if (!step.falls_through() || is_last_call(step)) return;
        }
    }

    [[nodiscard]] bool is_last_call(const Step& step) const {
        return step.flow == Flow::Call && question_.never_returns && step.target() &&
               question_.never_returns(*step.target());
    }

    [[nodiscard]] bool returns_twice(const Step& step) const {
        if (step.flow != Flow::Call && step.flow != Flow::CallIndirect) return false;
        return question_.returns_twice &&
               question_.returns_twice(step.target().value_or(0), step.slot().value_or(0));
    }

    // What is known on the way of which the limit tells.
    static AbstractState with(AbstractState state, const Step::Limit& limit) {
        AbstractValue& value = state.registers[limit.register_index];
        value = limit.equal ? AbstractValue::constant(limit.value) : value.bounded(limit.value);
        return state;
    }

    void leave(const Step& step, const AbstractState& state) {
        if (step.flow == Flow::Jump || step.flow == Flow::Branch) {
            if (step.target()) enter(*step.target(), state);
        } else if (step.flow == Flow::JumpIndirect) {
            const auto known = pruning_ ? step.jump_targets(state) : std::vector<std::uint64_t>{};
            const bool all = known.empty() || !std::ranges::all_of(known, [&](std::uint64_t each) {
                                 return std::ranges::binary_search(question_.table_targets, each);
                             });
            for (const std::uint64_t each : question_.table_targets)
                if (all || std::ranges::binary_search(known, each)) enter(each, state);
        }
    }

    void note(const Step& step, const AbstractState& state, std::vector<FlowPoint>& points) const {
        const bool direct = step.flow == Flow::Call || step.flow == Flow::Jump || step.flow == Flow::Branch;
        const bool out = direct && step.target() && (step.flow == Flow::Call || !inside(*step.target()));
        const bool through = step.flow == Flow::CallIndirect || step.flow == Flow::JumpIndirect;
        const auto stored = step.stored_word();
        const bool marks = !question_.followed.empty();
        const bool let_out = marks && lets_mark_out(step, state);
        const std::uint64_t caller_bytes = marks ? step.caller_bytes(state) : 0;
        const auto parameter = question_.stored_parameters ? step.stored_parameter(state) : std::nullopt;
        if (step.door == Door::None && !out && !through && !stored && !let_out && caller_bytes == 0 &&
            !parameter)
            return;
        FlowPoint point{.address = step.address,
                        .door = step.door,
                        .target = out ? *step.target() : 0,
                        .slot = through ? step.slot().value_or(0) : 0,
                        .jump = step.flow != Flow::Call && step.flow != Flow::CallIndirect,
                        .indirect = through,
                        .through_mark = marks && step.goes_through_mark(state, question_.followed),
                        .lets_mark_out = let_out,
                        .caller_bytes = caller_bytes};
        point.stored_parameter = parameter;
        if (stored) {
            point.stored_to = *stored;
            point.stored = gave_up_ ? AbstractValue{} : step.stored_value(state);
        }
        if (gave_up_)
            point.state.entry_slots = false;
        else
            point.state = state;
        points.push_back(std::move(point));
    }

    // Where it goes on into the next function, anything marked is out of sight.
    [[nodiscard]] bool lets_mark_out(const Step& step, const AbstractState& state) const {
        if (gave_up_ || step.lets_mark_out(state, question_.followed)) return true;
        if (&step != &steps_.back() || !step.falls_through() || is_last_call(step)) return false;
        return std::ranges::any_of(state.registers, &AbstractValue::marked) || state.has_marked_slots();
    }

    void collect() {
        for (const auto& [address, state] : states_) go_through(address, &points_);
        std::ranges::sort(points_, {}, &FlowPoint::address);
    }

    const FlowQuestion& question_;
    ZydisDecoder decoder_{};
    std::vector<Step> steps_;
    std::set<std::uint64_t> leaders_;
    std::map<std::uint64_t, AbstractState> states_;  // at the beginning of blocks
    std::set<std::uint64_t> visited_;
    std::set<std::uint64_t> open_;
    std::vector<FlowPoint> points_;
    std::size_t rounds_ = 0;
    std::vector<std::uint64_t> roots_;  // where blocks begin that nothing is seen to lead to
    bool gave_up_ = false;
    bool pruning_ = false;
};

}  // namespace

std::vector<FlowPoint> follow_values(const elf::Image& image, const FlowQuestion& question) {
    return Follower(image, question).run();
}

}  // namespace catena::callgraph
