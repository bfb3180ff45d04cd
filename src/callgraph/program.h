// Program: a program with all that it loads, analysed: which of its functions can run, and which system calls
// they can make.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "callgraph/binder.h"
#include "callgraph/code_cache.h"
#include "callgraph/later.h"
#include "callgraph/linked.h"
#include "callgraph/loaded.h"
#include "callgraph/nss.h"
#include "callgraph/reach.h"
#include "callgraph/reachable_calls.h"
#include "callgraph/slots.h"

namespace catena::callgraph {

struct ProgramOptions {
    LoadOptions load;
    // Libraries that the program opens by names that cannot be found out: as dlopen would get them.
    std::vector<std::string> also;
    // Only what these functions of the program can reach, by their names or addresses; none: what the program
    // can reach from its start.
    std::vector<std::string> from;
    // Where results for files are kept between runs; empty: they are not.
    std::string cache_folder = CodeCache::default_folder();
};

// Owns all files and what is known of them. Does not move, since its parts refer to each other. One thread.
class Program {
  public:
    // Errors are those of Loaded::load, and NotFound where `from` names what is not there.
    [[nodiscard]] static base::Result<std::unique_ptr<Program>> analyze(const std::string& path,
                                                                        const ProgramOptions& options);

    [[nodiscard]] const Linked& linked() const { return linked_; }
    [[nodiscard]] const Reach& reach() const { return *reach_; }
    [[nodiscard]] const Loaded& loaded() const { return loaded_; }
    [[nodiscard]] ReachableCalls calls() const;

  private:
    Program(Loaded loaded, std::string cache_folder)
        : loaded_(std::move(loaded)), cache_(std::move(cache_folder)) {}
    base::Status run(const ProgramOptions& options);
    void analyze_objects();
    base::Status link(const ProgramOptions& options);
    void link_object(ObjectId id, const SlotTable& table);
    base::Status enter(const ProgramOptions& options, const std::vector<SlotTable>& tables);
    bool open_more();
    void open_nss();
    void open_openssl();
    void open_pam();
    void add(const std::vector<Later>& modules);
    [[nodiscard]] bool is_in(FunctionRef ref, std::string_view library) const;
    [[nodiscard]] bool is_explained(const OpenedName& unknown) const;

    Loaded loaded_;
    CodeCache cache_;
    std::vector<std::unique_ptr<ObjectCode>> codes_;  // by object
    std::unique_ptr<Binder> binder_;
    Linked linked_;
    std::unique_ptr<Reach> reach_;
    std::vector<std::string> doubts_;
    std::unique_ptr<NssConfiguration> nss_;
    std::set<std::string> added_;  // modules, by name
    bool openssl_ = false;
    bool pam_ = false;
};

}  // namespace catena::callgraph
