// Functions are decoded from their beginning to the beginning of the next one, whether or not control seems
// to come by: what a handler of exceptions or a computed jump leads to is then looked at, too, and nothing
// hangs on knowing which calls return.
//
// Where something leads between two instructions that were found this way, the code has a second reading, and
// is decoded from there as well, until both readings meet. Data among code can hide the instructions behind
// it only as long as nothing leads to them.
#include "callgraph/code_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/stable_sort.h"
#include "callgraph/data_pointers.h"
#include "elf/code_map.h"
#include "elf/eh_frame.h"
#include "elf/functions.h"
#include "elf/symbols.h"

namespace catena::callgraph {
namespace {

struct RawUse {
    std::uint32_t from = 0;
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;  // 0: its address is taken
    bool call = false;
    std::uint64_t at = 0;
};

struct RawEdge {
    std::uint32_t from = 0;
    std::uint64_t target = 0;
    EdgeKind kind = EdgeKind::Call;
    std::uint64_t at = 0;
};

constexpr std::size_t kMaxTableEntries = 4096;
constexpr std::uint64_t kPieceAlignment = 32;
constexpr std::uint64_t kWide = 64;

std::pair<std::uint32_t, std::uint32_t> pointers_in(const ObjectCode& code, std::uint64_t begin,
                                                    std::uint64_t end) {
    const auto first = std::ranges::lower_bound(code.pointers, begin, {}, &Pointer::at);
    const auto last = std::ranges::lower_bound(code.pointers, end, {}, &Pointer::at);
    const auto index = [&](auto it) { return static_cast<std::uint32_t>(it - code.pointers.begin()); };
    return {index(first), std::max(index(first), index(last))};
}

class Scanner {
  public:
    explicit Scanner(const elf::Image& image) : image_(image), map_(image) {}

    base::Result<Scan> run() {
        auto functions = elf::functions(image_, {.debug_roots = {}});
        if (!functions) return std::unexpected(functions.error());
        fixed_ = image_.type() == elf::FileType::Executable;
        placed_ = placed_pointers(image_);
        for (const PlacedPointer& each : placed_) {
            if (each.kind == PlacedKind::ThreadLocal) thread_locals_.push_back(each.at);
        }
        std::erase_if(placed_,
                      [](const PlacedPointer& each) { return each.kind == PlacedKind::ThreadLocal; });
        ranges_ = data_ranges(image_);
        make_functions(*functions);
        starts_.resize(code_end_ > code_begin_ ? (code_end_ - code_begin_ + 63) / 64 : 0);
        for (std::uint32_t i = 0; i < code().functions.size(); ++i) sweep(i);
        drop_pointers_to_nowhere();
        read_second_readings();
        find_tables();
        finish_edges();
        finish_pointers();
        find_outer_parts();
        spread_returns();
        for (const RawUse& each : uses_)
            scan_.references.push_back({each.address, each.from, each.size_bytes == 0});
        std::ranges::sort(scan_.references, {}, &Scan::DataReference::address);
        for (const auto& [stub, slot] : stubs_) {
            if (slot) scan_.stubs.emplace_back(stub, *slot);
        }
        std::ranges::sort(scan_.stubs);
        if (overlaps_ != 0)
            code().doubts.push_back(
                fmt::format("{} jumps or pointers (the first at {:#x}) lead to what lies inside of an "
                            "instruction or among data "
                            "(the first to {:#x}): the code there was looked at in both readings",
                            overlaps_, first_overlap_.first, first_overlap_.second));
        code().entry = function_of(code(), image_.entry());
        code().go = image_.section(".gopclntab") != nullptr;
        return std::move(scan_);
    }

  private:
    ObjectCode& code() { return scan_.code; }

    // --- functions

    void make_functions(const std::vector<elf::Function>& functions) {
        std::vector<std::uint64_t> exported;
        for (const elf::FunctionSymbol& each : elf::dynsym_functions(image_)) {
            if (each.for_others) exported.push_back(each.address);
        }
        std::ranges::sort(exported);
        std::vector<CodeFunction>& list = code().functions;
        for (const elf::Function& each : functions) {
            if (map_.code_from(each.address).empty()) continue;
            known_ends_[each.address] = each.address + each.size_bytes;
            list.push_back({.address = each.address,
                            .name = each.name,
                            .part = each.kind == elf::FunctionKind::Part,
                            .exported = std::ranges::binary_search(exported, each.address)});
        }
        // Sections (or segments) of code that do not begin with a function.
        for (const std::uint64_t begin : map_.begins()) list.push_back({.address = begin});
        base::stable_sort(list, &CodeFunction::address);
        const auto same = std::ranges::unique(list, {}, &CodeFunction::address);
        list.erase(same.begin(), same.end());
        for (std::size_t i = 0; i < list.size(); ++i) {
            list[i].end = list[i].address + map_.code_from(list[i].address).size();
            if (i + 1 < list.size()) list[i].end = std::min(list[i].end, list[i + 1].address);
        }
        // Until something is found by which they do.
        for (CodeFunction& each : list) each.returns = false;
        if (list.empty()) return;
        code_begin_ = list.front().address;
        code_end_ = list.back().end;
        for (const elf::CodeRange& each : elf::eh_frame_ranges(image_)) frames_.push_back(each);
    }

    // --- instructions

    void mark(std::uint64_t address) {
        starts_[(address - code_begin_) / 64] |= std::uint64_t{1} << ((address - code_begin_) % 64);
    }
    [[nodiscard]] bool is_marked(std::uint64_t address) const {
        if (address < code_begin_ || address >= code_end_) return false;
        return (starts_[(address - code_begin_) / 64] >> ((address - code_begin_) % 64) & 1U) != 0;
    }

    void sweep(std::uint32_t index) {
        const CodeFunction function = code().functions[index];
        const auto bytes = map_.code_from(function.address);
        // What lies behind the known end of a function is padding or data, or code that something refers to.
        const auto known = known_ends_.find(function.address);
        const bool sized = known != known_ends_.end() && known->second > function.address;
        const std::uint64_t end = sized ? std::min(known->second, function.end) : function.end;
        const std::uint64_t size = std::min<std::uint64_t>(bytes.size(), end - function.address);
        Flow last = Flow::Next;
        std::uint64_t last_at = function.address;
        bool any = false;
        for (std::uint64_t at = 0; at < size;) {
            const auto instruction = decoder_.at(
                function.address + at, bytes.subspan(at, std::min<std::uint64_t>(15, bytes.size() - at)));
            if (!instruction) {
                ++at;
                continue;
            }
            mark(function.address + at);
            note(index, *instruction);
            if (!instruction->padding) {
                last = instruction->flow;
                last_at = instruction->address;
                any = true;
            }
            at += instruction->length;
        }
        const bool leads_on = !any || last == Flow::Next || last == Flow::Branch ||
                              ((last == Flow::Call || last == Flow::CallIndirect) && one_frame(function));
        if (leads_on && end < function.end) inner_.push_back({end, last_at});
        if (leads_on && index + 1 < code().functions.size() &&
            code().functions[index + 1].address == function.end && end == function.end)
            edges_.push_back({index, function.end, EdgeKind::Falls, last_at});
    }

    // Whether the tables of exceptions have this function and what follows it as one. A compiler ends a
    // function with a call only if that call does not return; assembly can go on behind one, and then both
    // are one there.
    [[nodiscard]] bool one_frame(const CodeFunction& function) const {
        const auto after = std::ranges::upper_bound(frames_, function.address, {}, &elf::CodeRange::address);
        if (after == frames_.begin()) return true;
        const elf::CodeRange& range = *std::prev(after);
        if (function.address >= range.address + range.size_bytes) return true;
        return function.end < range.address + range.size_bytes;
    }

    void note(std::uint32_t index, const Instruction& instruction) {
        const std::uint64_t at = instruction.address;
        if (instruction.door != Door::None) scan_.sites.push_back({index, at, instruction.door});
        if (leaves(index, instruction)) code().functions[index].returns = true;
        switch (instruction.flow) {
            case Flow::Call:
                note_target(index, instruction.target, EdgeKind::Call, at);
                break;
            case Flow::Jump:
            case Flow::Branch:
                note_target(index, instruction.target, EdgeKind::Jump, at);
                break;
            case Flow::CallIndirect:
            case Flow::JumpIndirect:
                note_indirect(index, instruction);
                break;
            default:
                if (instruction.reference != Reference::None)
                    note_reference(index, instruction.memory, instruction.reference, at);
        }
        if (!fixed_) return;
        if (instruction.immediate) note_constant(index, *instruction.immediate, at);
        if (instruction.displacement) note_constant(index, *instruction.displacement, at);
    }

    // By returning, or by a jump that may lead to what returns in its place; direct jumps come later.
    [[nodiscard]] bool leaves(std::uint32_t index, const Instruction& instruction) {
        if (instruction.flow == Flow::Return || instruction.flow == Flow::JumpIndirect) return true;
        const CodeFunction& own = code().functions[index];
        const bool jump = instruction.flow == Flow::Jump || instruction.flow == Flow::Branch;
        const bool inside = instruction.target >= own.address && instruction.target < own.end;
        return jump && !inside && map_.is_plt(instruction.target);
    }

    // A function returns if one does that it jumps to or goes on into.
    void spread_returns() {
        auto& functions = code().functions;
        for (bool changed = true; changed;) {
            changed = false;
            for (const Edge& each : code().edges) {
                if (each.kind == EdgeKind::Call || each.kind == EdgeKind::Takes ||
                    functions[each.from].returns)
                    continue;
                if (!functions[each.to].returns) continue;
                functions[each.from].returns = true;
                changed = true;
            }
        }
    }

    void note_target(std::uint32_t index, std::uint64_t target, EdgeKind kind, std::uint64_t at) {
        const CodeFunction& own = code().functions[index];
        if (target >= own.address && target < own.end) {
            if (!is_marked(target)) inner_.push_back({target, at});
            if (kind == EdgeKind::Call) edges_.push_back({index, target, kind, at});
            return;
        }
        if (map_.is_plt(target)) {
            if (const auto slot = slot_of_stub(target)) uses_.push_back({index, *slot, 8, true, at});
            return;
        }
        edges_.push_back({index, target, kind, at});
    }

    void note_indirect(std::uint32_t index, const Instruction& instruction) {
        if (instruction.reference != Reference::None) {
            uses_.push_back({index, instruction.memory, 8, true, instruction.address});
            // A slot that is no pointer of the file's own is filled while the program runs.
            if (is_placed(instruction.memory)) return;
        }
        if (instruction.flow == Flow::CallIndirect)
            code().functions[index].indirect_call = true;
        else
            code().functions[index].indirect_jump = true;
    }

    [[nodiscard]] bool is_placed(std::uint64_t address) const {
        return std::ranges::binary_search(placed_, address, {}, &PlacedPointer::at);
    }

    void note_reference(std::uint32_t index, std::uint64_t address, Reference reference, std::uint64_t at) {
        if (map_.is_code(address)) {
            if (reference != Reference::Address) return;
            if (map_.is_plt(address)) {
                if (const auto slot = slot_of_stub(address)) uses_.push_back({index, *slot, 8, false, at});
                return;
            }
            edges_.push_back({index, address, EdgeKind::Takes, at});
            return;
        }
        // The address of a pair that says where a thread-local variable is leads to nothing else.
        if (reference == Reference::Address && std::ranges::binary_search(thread_locals_, address)) return;
        const std::uint64_t size = reference == Reference::Address ? 0
                                   : reference == Reference::Word  ? 8
                                                                   : kWide;
        uses_.push_back({index, address, size, false, at});
    }

    void note_constant(std::uint32_t index, std::uint64_t value, std::uint64_t at) {
        if (image_.file_offset(value) || in_data(value)) note_reference(index, value, Reference::Address, at);
    }

    [[nodiscard]] const DataRange* in_data(std::uint64_t address) const {
        const auto after = std::ranges::upper_bound(ranges_, address, {}, &DataRange::begin);
        if (after == ranges_.begin() || address >= std::prev(after)->end) return nullptr;
        return &*std::prev(after);
    }

    // The slot that a stub of the procedure linkage table jumps through.
    std::optional<std::uint64_t> slot_of_stub(std::uint64_t address) {
        const auto known = stubs_.find(address);
        if (known != stubs_.end()) return known->second;
        std::optional<std::uint64_t> slot;
        auto bytes = map_.code_from(address);
        for (std::uint64_t at = address, left = 4; left > 0 && !bytes.empty(); --left) {
            const auto instruction = decoder_.at(at, bytes.first(std::min<std::size_t>(bytes.size(), 15)));
            if (!instruction) break;
            if (instruction->flow == Flow::JumpIndirect && instruction->reference != Reference::None)
                slot = instruction->memory;
            if (instruction->flow != Flow::Next) break;
            at += instruction->length;
            bytes = bytes.subspan(instruction->length);
        }
        stubs_[address] = slot;
        return slot;
    }

    // --- second readings

    void read_second_readings() {
        for (const PlacedPointer& each : placed_) {
            if (each.kind == PlacedKind::Symbol || !map_.is_code(each.target)) continue;
            // A word that looks like an address need not be one.
            if (!fixed_ && !is_marked(each.target)) read_from(each.target, each.at);
        }
        for (std::size_t inner = 0, edge = 0; inner < inner_.size() || edge < edges_.size();) {
            for (; inner < inner_.size(); ++inner) {
                const auto [target, at] = inner_[inner];
                read_from(target, at);
            }
            for (; edge < edges_.size() && inner == inner_.size(); ++edge) {
                const RawEdge each = edges_[edge];
                if (!is_marked(each.target) && map_.is_code(each.target) && !map_.is_plt(each.target))
                    read_from(each.target, each.at);
            }
        }
    }

    void read_from(std::uint64_t address, std::uint64_t from) {
        if (is_marked(address)) return;
        // Over a lock prefix is where programs jump that find they run on one processor.
        const bool prefix = is_marked(address - 1) && map_.code_from(address - 1).front() == std::byte{0xf0};
        const std::uint32_t index = function_of(code(), address);
        if (index == kNone) return;
        const auto known = known_ends_.find(code().functions[index].address);
        const bool behind = known != known_ends_.end() && address >= known->second;
        if (!prefix && !behind && ++overlaps_ == 1) first_overlap_ = {from, address};
        auto bytes = map_.code_from(address);
        while (address < code().functions[index].end && !is_marked(address)) {
            const auto instruction =
                decoder_.at(address, bytes.first(std::min<std::size_t>(bytes.size(), 15)));
            if (!instruction) return;
            mark(address);
            note(index, *instruction);
            const Flow flow = instruction->flow;
            if (flow == Flow::Jump || flow == Flow::JumpIndirect || flow == Flow::Return ||
                flow == Flow::Stop)
                return;
            address += instruction->length;
            bytes = bytes.subspan(instruction->length);
        }
    }

    void drop_pointers_to_nowhere() {
        std::erase_if(placed_, [&](const PlacedPointer& each) {
            return each.kind != PlacedKind::Symbol && !map_.is_code(each.target) &&
                   in_data(each.target) == nullptr;
        });
    }

    // --- jump tables

    // A table is where a function that jumps through a register takes an address in data, and each entry is
    // the distance from the table to code. It ends where the next begins that any function refers to, or
    // with the first entry that does not lead to code.
    void find_tables() {
        std::vector<std::uint64_t> tables;
        for (const RawUse& each : uses_) {
            if (each.size_bytes == 0) tables.push_back(each.address);
        }
        std::ranges::sort(tables);
        for (const RawUse& each : std::vector(uses_)) {
            if (each.size_bytes != 0 || !code().functions[each.from].indirect_jump) continue;
            const auto next = std::ranges::upper_bound(tables, each.address);
            read_table(each, next == tables.end() ? ~std::uint64_t{0} : *next);
        }
        std::ranges::sort(scan_.table_targets, {}, [](const Scan::TableTarget& target) {
            return std::tuple(target.function, target.target);
        });
        const auto same = std::ranges::unique(scan_.table_targets, {}, [](const Scan::TableTarget& target) {
            return std::tuple(target.function, target.target);
        });
        scan_.table_targets.erase(same.begin(), same.end());
    }

    void read_table(const RawUse& use, std::uint64_t end) {
        const auto bytes = image_.bytes_from(use.address);
        const CodeFunction own = code().functions[use.from];
        for (std::size_t i = 0; i < kMaxTableEntries && use.address + i * 4 < end; ++i) {
            const auto distance = elf::read_at<std::int32_t>(bytes, i * 4);
            if (!distance) return;
            const std::uint64_t target = use.address + static_cast<std::uint64_t>(std::int64_t{*distance});
            if (!map_.is_code(target) || map_.is_plt(target) || !is_marked(target)) return;
            if (target >= own.address && target < own.end) {
                scan_.table_targets.push_back({use.from, target});
            } else {
                edges_.push_back({use.from, target, EdgeKind::Table, use.at});
            }
        }
    }

    // --- edges

    void finish_edges() {
        for (const RawEdge& each : edges_) {
            const std::uint32_t to = function_of(code(), each.target);
            if (to == kNone) continue;
            if (each.target != code().functions[to].address) scan_.inner_entries.push_back(each.target);
            if (to == each.from && each.kind != EdgeKind::Takes && each.kind != EdgeKind::Call) continue;
            code().edges.push_back({each.from, to, each.kind, each.at});
        }
        const auto order = [](const Edge& each) {
            return std::tuple(each.from, each.to, each.kind, each.at);
        };
        std::ranges::sort(code().edges, {}, order);
        const auto key = [](const Edge& each) { return std::tuple(each.from, each.to, each.kind); };
        const auto same = std::ranges::unique(code().edges, {}, key);
        code().edges.erase(same.begin(), same.end());
    }

    // A label of a function can lie in a part of it that the compiler put elsewhere, and a jump through a
    // register can lead there with no table that we read. Such a part jumps back into its function.
    void find_outer_parts() {
        std::vector<Edge> back;
        for (const RawEdge& each : edges_) {
            if (each.kind != EdgeKind::Jump) continue;
            const std::uint32_t to = function_of(code(), each.target);
            if (to == kNone || to == each.from || code().functions[to].address == each.target) continue;
            if (code().functions[to].indirect_jump) back.push_back({to, each.from, EdgeKind::Table, each.at});
        }
        code().edges.insert(code().edges.end(), back.begin(), back.end());
        const auto order = [](const Edge& each) {
            return std::tuple(each.from, each.to, each.kind, each.at);
        };
        std::ranges::sort(code().edges, {}, order);
        const auto key = [](const Edge& each) { return std::tuple(each.from, each.to, each.kind); };
        const auto same = std::ranges::unique(code().edges, {}, key);
        code().edges.erase(same.begin(), same.end());
        std::ranges::sort(scan_.inner_entries);
    }

    // --- data

    void finish_pointers() {
        make_pieces();
        std::vector<Pointer>& pointers = code().pointers;
        pointers.reserve(placed_.size());
        for (const PlacedPointer& each : placed_) {
            Pointer pointer{.at = each.at, .kind = PointerKind::Symbol};
            if (each.kind != PlacedKind::Symbol) {
                pointer.to = function_of(code(), each.target);
                pointer.kind = each.kind == PlacedKind::Resolver ? PointerKind::Resolver
                               : pointer.to != kNone             ? PointerKind::Code
                                                                 : PointerKind::Data;
                if (pointer.to != kNone && code().functions[pointer.to].address != each.target)
                    scan_.inner_entries.push_back(each.target);
            }
            pointers.push_back(pointer);
            scan_.symbols.push_back(each.symbol);
            scan_.targets.push_back(each.target);
        }
        for (std::size_t i = 0; i < placed_.size(); ++i) {
            if (pointers[i].kind == PointerKind::Data)
                std::tie(pointers[i].first, pointers[i].last) = piece_of(code(), placed_[i].target);
        }
        for (const RawUse& each : uses_) {
            Use use{.from = each.from, .call = each.call, .at = each.at};
            std::tie(use.first, use.last) =
                each.size_bytes == 0 ? piece_of(code(), each.address)
                                     : pointers_in(code(), each.address - 7, each.address + each.size_bytes);
            if (use.first != use.last) code().uses.push_back(use);
        }
        const auto order = [](const Use& each) {
            return std::tuple(each.from, each.first, each.last, !each.call, each.at);
        };
        std::ranges::sort(code().uses, {}, order);
        // What is called and given away by one function is both.
        const auto key = [](const Use& each) {
            return std::tuple(each.from, each.first, each.last, each.call);
        };
        const auto same = std::ranges::unique(code().uses, {}, key);
        code().uses.erase(same.begin(), same.end());
    }

    // Variables that symbols tell of, with their sizes; of those that overlap, their union.
    void find_variables() {
        std::vector<DataRange> found;
        for (const elf::Section& each : image_.sections()) {
            if (each.type != SHT_DYNSYM && each.type != SHT_SYMTAB) continue;
            for (std::uint64_t at = 0; const auto symbol = elf::read_at<Elf64_Sym>(each.content, at);
                 at += sizeof(Elf64_Sym)) {
                const bool variable =
                    ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT && symbol->st_shndx != SHN_UNDEF;
                const DataRange* range =
                    variable && symbol->st_size != 0 ? in_data(symbol->st_value) : nullptr;
                if (range != nullptr && symbol->st_size <= range->end - symbol->st_value)
                    found.push_back({symbol->st_value, symbol->st_value + symbol->st_size});
            }
        }
        std::ranges::sort(found, {}, &DataRange::begin);
        std::vector<Variable>& variables = code().variables;
        for (const DataRange& each : found) {
            if (variables.empty() || each.begin >= variables.back().end)
                variables.push_back({each.begin, each.end});
            else
                variables.back().end = std::max(variables.back().end, each.end);
        }
    }

    void make_pieces() {
        find_variables();
        std::vector<std::uint64_t>& pieces = code().pieces;
        for (const Variable& each : code().variables) {
            pieces.push_back(each.begin);
            pieces.push_back(each.end);
        }
        const auto add = [&](std::uint64_t address) {
            if (address % kPieceAlignment == 0 && in_data(address) != nullptr) pieces.push_back(address);
        };
        for (const DataRange& each : ranges_) {
            pieces.push_back(each.begin);
            pieces.push_back(each.end);
        }
        for (const RawUse& each : uses_) {
            if (each.size_bytes == 0) add(each.address);
        }
        for (const PlacedPointer& each : placed_) {
            if (each.kind == PlacedKind::Address) add(each.target);
        }
        std::ranges::sort(pieces);
        const auto same = std::ranges::unique(pieces);
        pieces.erase(same.begin(), same.end());
    }

    const elf::Image& image_;
    elf::CodeMap map_;
    Decoder decoder_;
    Scan scan_;
    bool fixed_ = false;
    std::uint64_t code_begin_ = 0;
    std::uint64_t code_end_ = 0;
    std::vector<std::uint64_t> starts_;  // a bit an address: an instruction begins there
    std::vector<DataRange> ranges_;
    std::vector<PlacedPointer> placed_;
    std::vector<std::uint64_t> thread_locals_;
    std::vector<elf::CodeRange> frames_;
    std::vector<RawEdge> edges_;
    std::vector<RawUse> uses_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>>
        inner_;  // jumps within a function: target, instruction
    std::unordered_map<std::uint64_t, std::optional<std::uint64_t>> stubs_;
    std::size_t overlaps_ = 0;
    std::pair<std::uint64_t, std::uint64_t> first_overlap_;
    std::unordered_map<std::uint64_t, std::uint64_t> known_ends_;
};

}  // namespace

std::pair<std::uint32_t, std::uint32_t> piece_of(const ObjectCode& code, std::uint64_t address) {
    const auto variable = std::ranges::upper_bound(code.variables, address, {}, &Variable::begin);
    if (variable != code.variables.begin() && address < std::prev(variable)->end)
        return pointers_in(code, std::prev(variable)->begin, std::prev(variable)->end);
    const auto& pieces = code.pieces;
    auto after = std::ranges::upper_bound(pieces, address);
    if (after == pieces.begin() || after == pieces.end()) return {0, 0};
    const std::uint64_t begin = *std::prev(after);
    std::uint64_t end = *after;
    // An address shortly before a piece can be that of an array that is counted from one.
    if (address % kPieceAlignment != 0 && end - address < kWide && std::next(after) != pieces.end())
        end = *std::next(after);
    return pointers_in(code, begin, end);
}

std::uint32_t function_of(const ObjectCode& code, std::uint64_t address) {
    const auto after = std::ranges::upper_bound(code.functions, address, {}, &CodeFunction::address);
    if (after == code.functions.begin() || address >= std::prev(after)->end) return kNone;
    return static_cast<std::uint32_t>(std::prev(after) - code.functions.begin());
}

base::Result<Scan> scan_code(const elf::Image& image) { return Scanner(image).run(); }

}  // namespace catena::callgraph
