#include "callgraph/object.h"

#include <utility>

namespace catena::callgraph {

Object::Object(std::string where, std::string opened, elf::Image content)
    : path(std::move(where)),
      file(std::move(opened)),
      image(std::move(content)),
      dynamic(read_dynamic(image)),
      symbols(image, dynamic) {}

std::string_view to_string(LoadReason reason) {
    switch (reason) {
        case LoadReason::Program:
            return "program";
        case LoadReason::Interpreter:
            return "interpreter";
        case LoadReason::Preload:
            return "preload";
        case LoadReason::Needed:
            return "needed";
        case LoadReason::Filter:
            return "filter";
        case LoadReason::Nss:
            return "nss";
        case LoadReason::Pam:
            return "pam";
        case LoadReason::Gconv:
            return "gconv";
        case LoadReason::Openssl:
            return "openssl";
        case LoadReason::Dlopen:
            return "dlopen";
        case LoadReason::User:
            return "user";
    }
    return "";
}

std::string_view to_string(FoundBy rule) {
    switch (rule) {
        case FoundBy::Path:
            return "path";
        case FoundBy::Rpath:
            return "rpath";
        case FoundBy::LibraryPath:
            return "library-path";
        case FoundBy::Runpath:
            return "runpath";
        case FoundBy::Cache:
            return "cache";
        case FoundBy::Default:
            return "default";
    }
    return "";
}

}  // namespace catena::callgraph
