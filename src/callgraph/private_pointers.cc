// Escape analysis, forward and by function: the addresses of the tables that hold the function's address, and
// that address itself, are marked where code takes them, and marks are followed through registers, the stack
// and direct calls (FlowQuestion::followed). What goes elsewhere with a mark is given away there.
//
// Assumed, as decision 35 says: a pointer into a variable stays within it. Where no symbol tells the
// variable, a table begins at an address that code takes, and what such an address in front of it leads to,
// without a pointer in between, is another variable.
#include "callgraph/private_pointers.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxFlows = 512;
constexpr std::array kScratch = {kRax, 10U, 11U};
constexpr std::uint64_t kArgumentBytes = 256;

// How many arguments functions of libraries take that are often called while a register still holds something
// else; by their declaration in C.
struct Arity {
    std::string_view name;
    unsigned arguments = 0;
};
constexpr std::array kArities = {
    Arity{"__errno_location", 0},
    Arity{"sched_yield", 0},
    Arity{"getpid", 0},
    Arity{"fork", 0},
    Arity{"getuid", 0},
    Arity{"getgid", 0},
    Arity{"abort", 0},
    Arity{"__stack_chk_fail", 0},
    Arity{"free", 1},
    Arity{"malloc", 1},
    Arity{"strlen", 1},
    Arity{"close", 1},
    Arity{"setuid", 1},
    Arity{"setgid", 1},
    Arity{"calloc", 2},
    Arity{"capset", 2},
    Arity{"capget", 2},
    Arity{"setgroups", 2},
    Arity{"realloc", 2},
    Arity{"memset", 3},
    Arity{"prctl", 5},
    Arity{"memcpy", 3},
    Arity{"read", 3},
    Arity{"write", 3},
};

class Finder {
  public:
    Finder(const elf::Image& image, const Scan& scan, FunctionFlows& flows, std::uint32_t function)
        : image_(image), scan_(scan), flows_(flows), function_(function) {}

    PointerUses run() {
        const CodeFunction& own = scan_.code.functions[function_];
        // Code that is read in two ways can do what is not seen here.
        if (own.exported || !scan_.code.doubts.empty()) return {};
        followed_.push_back({own.address, own.end, false});
        for (const Pointer& each : scan_.code.pointers) {
            if (each.kind != PointerKind::Code && each.kind != PointerKind::Resolver) continue;
            if (each.to == function_ && !follow_table(each.at)) return {};
        }
        if (is_pointed_to() || is_exported()) return {};
        for (const Edge& each : scan_.code.edges) {
            if (each.to == function_ && each.kind == EdgeKind::Takes) open(each.from, 0);
        }
        for (const DataRange& range : followed_) {
            for (const auto& each : references(range)) open(each.function, 0);
        }
        while (!open_.empty()) {
            const std::uint32_t next = open_.front();
            open_.pop_front();
            queued_.erase(next);
            if (++flows_done_ > kMaxFlows) return {};
            go_through(next);
        }
        return collect();
    }

  private:
    [[nodiscard]] std::span<const Scan::DataReference> references(const DataRange& range) const {
        const auto first =
            std::ranges::lower_bound(scan_.references, range.begin, {}, &Scan::DataReference::address);
        const auto last = std::ranges::lower_bound(first, scan_.references.end(), range.end, {},
                                                   &Scan::DataReference::address);
        return {first, last};
    }

    [[nodiscard]] bool has_pointers(std::uint64_t begin, std::uint64_t end) const {
        const auto first = std::ranges::lower_bound(scan_.code.pointers, begin, {}, &Pointer::at);
        return first != scan_.code.pointers.end() && first->at < end;
    }

    // Whether the table at this place is one that code of this file refers to; what nothing refers to is
    // found by others, as the loader finds arrays of constructors.
    bool follow_table(std::uint64_t slot) {
        const auto variable = std::ranges::upper_bound(scan_.code.variables, slot, {}, &Variable::begin);
        DataRange table;
        if (variable != scan_.code.variables.begin() && slot < std::prev(variable)->end) {
            table = {std::prev(variable)->begin, std::prev(variable)->end, false};
        } else {
            const auto after = std::ranges::upper_bound(scan_.code.pieces, slot);
            if (after == scan_.code.pieces.begin() || after == scan_.code.pieces.end()) return false;
            table = {*std::prev(after), *after, false};
            table.begin = begin_of(table, slot);
        }
        followed_.push_back(table);
        return !references(table).empty();
    }

    [[nodiscard]] std::uint64_t begin_of(const DataRange& piece, std::uint64_t slot) const {
        std::uint64_t begin = slot + 8;
        for (const auto& each : references({piece.begin, slot + 1, false}) | std::views::reverse) {
            if (!each.taken) continue;
            if (each.address < begin && !has_pointers(each.address, begin)) break;
            begin = each.address;
        }
        return begin > slot ? piece.begin : begin;
    }

    [[nodiscard]] bool is_followed(std::uint64_t address) const { return is_in_any(followed_, address); }

    // By data other than the tables themselves: who reads that is not known.
    [[nodiscard]] bool is_pointed_to() const {
        for (std::size_t i = 0; i < scan_.code.pointers.size(); ++i) {
            if (scan_.code.pointers[i].kind == PointerKind::Data && is_followed(scan_.targets[i]))
                return true;
        }
        return false;
    }

    [[nodiscard]] bool is_exported() const {
        for (const elf::Section& each : image_.sections()) {
            if (each.type != SHT_DYNSYM) continue;
            for (std::uint64_t at = 0; const auto symbol = elf::read_at<Elf64_Sym>(each.content, at);
                 at += sizeof(Elf64_Sym)) {
                if (symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) != STT_SECTION &&
                    is_followed(symbol->st_value))
                    return true;
            }
        }
        return false;
    }

    void open(std::uint32_t function, std::uint32_t marked) {
        const auto [known, fresh] = entries_.try_emplace(function, marked);
        if (!fresh && (known->second | marked) == known->second) return;
        known->second |= marked;
        if (queued_.insert(function).second) open_.push_back(function);
    }

    void go_through(std::uint32_t function) {
        for (const FlowPoint& each : flows_.marked(function, followed_, entries_.at(function))) {
            if (each.through_mark) calls_.insert({function, each.address});
            if (each.lets_mark_out) given_away_.insert({function, each.address});
            const bool out = each.target != 0 || each.indirect;
            if (out && !hand_on(function, each)) given_away_.insert({function, each.address});
        }
    }

    [[nodiscard]] bool is_marked(const AbstractValue& value) const {
        if (!value.is_set()) return value.marked();
        return std::ranges::any_of(value.values(), [&](std::uint64_t each) { return is_followed(each); });
    }

    [[nodiscard]] std::uint32_t marked_of(const FlowPoint& point, std::span<const unsigned> registers) const {
        std::uint32_t marked = 0;
        for (const unsigned each : registers) {
            if (is_marked(point.state.registers[each])) marked |= 1U << each;
        }
        return marked;
    }

    // Whether what a call shows of the stack has marks: so many bytes from the stack pointer on.
    [[nodiscard]] bool stack_shows(const FlowPoint& point, std::uint64_t bytes) const {
        const AbstractState& state = point.state;
        if (state.hidden_marks) return true;
        const AbstractValue& stack = state.registers[kRsp];
        const std::int64_t top = stack.is_frame() ? stack.offset() + (point.jump ? 8 : 0) : 0;
        return std::ranges::any_of(state.slots, [&](const auto& slot) {
            const bool argument =
                !stack.is_frame() ? bytes != 0
                                  : slot.first >= top && static_cast<std::uint64_t>(slot.first - top) < bytes;
            return (state.escaped || argument) && is_marked(slot.second);
        });
    }

    // How many bytes of its caller's stack a function can read, itself or by what it jumps to.
    std::uint64_t caller_bytes(std::uint32_t function) {
        const auto [known, fresh] = caller_bytes_.try_emplace(function, 0);
        if (!fresh) return known->second;
        std::uint64_t bytes = 0;
        for (const FlowPoint& each : flows_.marked(function, followed_, 0)) {
            bytes = std::max(bytes, each.caller_bytes);
            if (!each.jump || (each.target == 0 && !each.indirect)) continue;
            const std::uint32_t next = called_by(each);
            const auto arguments = arity_of(each.target);
            bytes = std::max(bytes, next != kNone ? caller_bytes(next) : arguments ? 0 : kArgumentBytes);
        }
        return caller_bytes_[function] = bytes;
    }

    // The function of this file that is called directly by its beginning.
    [[nodiscard]] std::uint32_t called_by(const FlowPoint& point) const {
        const std::uint32_t called = point.target == 0 ? kNone : function_of(scan_.code, point.target);
        const bool own = called != kNone && scan_.code.functions[called].address == point.target &&
                         !scan_.code.functions[called].part && flows_.slot_of_stub(point.target) == 0;
        return own ? called : kNone;
    }

    [[nodiscard]] std::optional<unsigned> arity_of(std::uint64_t target) const {
        const auto found = std::ranges::find(kArities, flows_.symbol_of_stub(target), &Arity::name);
        if (target == 0 || found == kArities.end()) return std::nullopt;
        return found->arguments;
    }

    // The pointer in the slot that a call goes through, and the function of this file that it leads to where
    // no other file has one of that name.
    [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> own_function_through(const FlowPoint& point) const {
        const std::uint64_t slot = point.slot != 0 ? point.slot : flows_.slot_of_stub(point.target);
        const auto pointer = std::ranges::lower_bound(scan_.code.pointers, slot, {}, &Pointer::at);
        if (slot == 0 || pointer == scan_.code.pointers.end() || pointer->at != slot ||
            pointer->kind != PointerKind::Symbol)
            return {kNone, kNone};
        const auto index = static_cast<std::uint32_t>(pointer - scan_.code.pointers.begin());
        for (std::uint32_t i = 0; i < scan_.code.functions.size(); ++i) {
            const CodeFunction& each = scan_.code.functions[i];
            if (each.exported && each.name == scan_.symbols[index]) return {index, i};
        }
        return {kNone, kNone};
    }

    // What a call passes on with a mark goes on in the function that is called, if that is one of this file.
    bool hand_on(std::uint32_t from, const FlowPoint& point) {
        const auto arity = arity_of(point.target);
        const std::uint32_t arguments = marked_of(
            point, std::span(kParameterRegisters).first(arity.value_or(kParameterRegisters.size())));
        const std::uint32_t called = called_by(point);
        if (called != kNone) {
            const std::uint32_t all = arguments | marked_of(point, kScratch);
            if (all != 0) open(called, all);
            return !stack_shows(point, caller_bytes(called));
        }
        const auto [pointer, function] = own_function_through(point);
        if (function == kNone) return arguments == 0 && !stack_shows(point, arity ? 0 : kArgumentBytes);
        if (stack_shows(point, caller_bytes(function))) return false;
        if (arguments != 0 || stack_shows(point, kArgumentBytes))
            elsewhere_.insert({from, point.address, pointer});
        if (arguments != 0) open(function, arguments);
        return true;
    }

    PointerUses collect() {
        PointerUses uses{.is_private = true};
        for (const auto& [function, address] : calls_) uses.calls.push_back({function, address});
        for (const auto& [function, address] : given_away_) uses.given_away.push_back({function, address});
        for (const auto& [function, address, pointer] : elsewhere_)
            uses.given_away.push_back({function, address, pointer});
        return uses;
    }

    const elf::Image& image_;
    const Scan& scan_;
    FunctionFlows& flows_;
    std::uint32_t function_;
    std::vector<DataRange> followed_;
    std::map<std::uint32_t, std::uint32_t> entries_;  // registers that can be marked, by function
    std::deque<std::uint32_t> open_;
    std::set<std::uint32_t> queued_;
    std::set<std::pair<std::uint32_t, std::uint64_t>> calls_;
    std::set<std::pair<std::uint32_t, std::uint64_t>> given_away_;
    std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>> elsewhere_;  // by a pointer
    std::map<std::uint32_t, std::uint64_t> caller_bytes_;
    std::size_t flows_done_ = 0;
};

}  // namespace

PointerUses private_pointers(const elf::Image& image, const Scan& scan, FunctionFlows& flows,
                             std::uint32_t function) {
    return Finder(image, scan, flows, function).run();
}

}  // namespace catena::callgraph
