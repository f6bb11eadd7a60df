# Finds MLIR 22 and sets up its CMake helpers for the whole project.
#
# LLVM and MLIR are linked statically, so that the tools start in 2 ms and need
# no LLVM at run time: the exported MLIR targets name the LLVM dylib, which is
# replaced below by the static components it stands for.
#
# The package's own version check accepts only an equal minor number, which moves
# with security updates: only the major number is held.
find_package(MLIR REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "bnncc needs MLIR 22, found ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}")
endif()
set(LLVM_EXTERNAL_LIT "${LLVM_TOOLS_BINARY_DIR}/lit" CACHE FILEPATH "lit")
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/lib)
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
if(POLICY CMP0219) # LLVM 22's checks are written for the macros of before CMake 4.4
  cmake_policy(SET CMP0219 OLD)
endif()
include(HandleLLVMOptions)

set(LLVM_LINK_LLVM_DYLIB OFF)
llvm_map_components_to_libnames(_llvm_static support core target binaryformat remarks)
get_property(_mlir_libs GLOBAL PROPERTY MLIR_ALL_LIBS)
foreach(lib IN LISTS _mlir_libs)
  if(TARGET ${lib})
    get_target_property(_deps ${lib} INTERFACE_LINK_LIBRARIES)
    if(_deps)
      list(REMOVE_ITEM _deps LLVM)
      set_target_properties(${lib} PROPERTIES INTERFACE_LINK_LIBRARIES "${_deps};${_llvm_static}")
    endif()
  endif()
endforeach()

include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(_llvm_definitions NATIVE_COMMAND ${LLVM_DEFINITIONS})
add_definitions(${_llvm_definitions})
