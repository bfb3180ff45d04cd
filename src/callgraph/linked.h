// Linked: the analysed files of one program, and what the loader makes of the pointers between them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "callgraph/object_code.h"

namespace catena::callgraph {

// An address in one of the files.
struct Place {
    std::uint32_t object = kNone;  // kNone: nowhere
    std::uint64_t address = 0;     // as linked

    friend bool operator==(const Place&, const Place&) = default;
};

// What a pointer of kind Symbol holds once the loader has bound it.
struct BoundPointer {
    Place place;
    bool resolver = false;  // the place is a function that returns what the pointer will hold
};

// Data that the loader copies from a library into the program, with the pointers in it.
struct CopiedData {
    Place from;
    std::uint64_t size_bytes = 0;
};

// What keeps a function back until its gate is opened: it is known to more code than can come to call it.
struct FunctionGate {
    std::uint32_t gate = kNone;  // index in Linked::gates
    bool calls = false;          // direct calls are kept back, too, not only its address
};

// A system call of one function that waits for its gate.
struct CallGate {
    std::uint32_t function = kNone;  // that holds the instruction; kNone: any of the object
    std::uint32_t number = 0;
    std::uint32_t gate = kNone;
};

// A direct call that waits for its gate.
struct EdgeGate {
    std::uint32_t from = kNone;
    std::uint32_t to = kNone;
    std::uint32_t gate = kNone;
};

// A call through a pointer that waits for its gate.
struct UseGate {
    std::uint32_t from = kNone;
    std::uint32_t pointer = kNone;
    std::uint32_t gate = kNone;
};

// A function that opens a gate when it is called with one of these bits in a register, or in a way that does
// not show what it is called with (PassedValues).
struct FlagKey {
    std::uint32_t function = kNone;
    std::uint8_t parameter = 0;
    std::uint64_t bits = 0;
    std::uint32_t gate = kNone;
};

// A function that opens a gate when it can run.
struct GateKey {
    std::uint32_t function = kNone;
    std::uint32_t gate = kNone;
};

struct LinkedObject {
    std::string path;
    const ObjectCode* code = nullptr;    // lives as long as this
    std::vector<BoundPointer> bound;     // one for each of code->pointers
    std::vector<CopiedData> copied;      // into this object
    bool opened_later = false;           // by dlopen: what it exports is found by name
    std::vector<std::uint64_t> exports;  // addresses of functions that can be found by name
    std::vector<FunctionGate> gated;     // by function; empty where none is
    std::vector<CallGate> gated_calls;
    std::vector<EdgeGate> gated_edges;  // in order of `from`
    std::vector<UseGate> gated_uses;    // in order of `from`
    std::vector<GateKey> keys;
    // Where it is called in other ways than directly in its file; in order of function.
    std::vector<GateKey> outer_keys;
    std::vector<FlagKey> flag_keys;
    bool interpreter = false;  // that PT_INTERP of the program names
};

// Where control comes from outside.
struct EntryPlace {
    Place place;
    std::string why;        // "the kernel starts the program here"
    bool resolver = false;  // the loader calls it to bind a pointer, whether or not the pointer is used
};

struct Linked {
    std::vector<LinkedObject> objects;  // the program first
    std::vector<EntryPlace> entries;
    std::function<std::vector<Place>(std::string_view)> definitions;  // of a name, in all objects
    std::vector<std::string> gates;  // "nothing that can run asks NSS for getpwnam_r"
    std::map<std::string, std::uint32_t, std::less<>> nss_gates;  // by the function that is asked for
};

}  // namespace catena::callgraph
