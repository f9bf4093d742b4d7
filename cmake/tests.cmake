# Tests: one executable a folder of src/, and those of tests/ by kind.
find_package(GTest REQUIRED)

function(rondo_test name library)
  add_executable(${name} ${ARGN})
  rondo_precompile(${name})
  target_link_libraries(${name} PRIVATE ${library} GTest::gtest_main)
  target_compile_definitions(
    ${name} PRIVATE RONDO_SOURCE_DIR="${CMAKE_SOURCE_DIR}" RONDO_PROGRAM="$<TARGET_FILE:rondo>")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 900)
endfunction()

foreach(layer ${layers})
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${layer}/*_test.cc)
  set(plain ${all})
  list(FILTER plain EXCLUDE REGEX "_threads_test\\.cc$")
  set(threads ${all})
  list(FILTER threads INCLUDE REGEX "_threads_test\\.cc$")
  if(plain)
    rondo_test(${layer}_test rondo_${layer} ${plain})
  endif()
  if(threads)
    rondo_test(${layer}_threads_test rondo_${layer} ${threads})
    set_tests_properties(${layer}_threads_test PROPERTIES LABELS threads)
  endif()
endforeach()

# The gRPC server, linked with its client's code: one program takes the messages' descriptions once.
rondo_test(grpc_test rondo_api ${CMAKE_SOURCE_DIR}/modules/grpc/server_test.cc
           ${CMAKE_SOURCE_DIR}/modules/grpc/server.cc)
target_link_libraries(grpc_test PRIVATE rondo_wire)
set_target_properties(grpc_test PROPERTIES UNITY_BUILD OFF)
# A client for tests in Python; it stands beside the program.
add_executable(grpc_ask ${CMAKE_SOURCE_DIR}/tests/lib/grpc_ask.cc)
target_link_libraries(grpc_ask PRIVATE rondo_wire)

foreach(kind story crash)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${kind}/*_test.cc)
  foreach(test ${tests})
    get_filename_component(name ${test} NAME_WE)
    rondo_test(${kind}_${name} rondo_cli ${test})
    add_dependencies(${kind}_${name} rondo)
  endforeach()
endforeach()

# Scripts: tests/<kind>/<name>_test.py PROGRAM SOURCE_DIR
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*/*_test.py)
foreach(script ${scripts})
  get_filename_component(name ${script} NAME_WE)
  get_filename_component(folder ${script} DIRECTORY)
  get_filename_component(kind ${folder} NAME)
  if(NOT kind MATCHES "^(client|browser)$")
    add_test(NAME ${kind}_${name} COMMAND ${Python3_EXECUTABLE} ${script} $<TARGET_FILE:rondo>
                                          ${CMAKE_SOURCE_DIR})
    set_tests_properties(${kind}_${name} PROPERTIES TIMEOUT 900)
  endif()
endforeach()

# Fuzz targets replay their corpora in `make test`; preset `fuzz` lets libFuzzer look for more.
file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc)
foreach(target ${targets})
  get_filename_component(name ${target} NAME_WE)
  add_executable(${name} ${target})
  rondo_precompile(${name})
  target_link_libraries(${name} PRIVATE ${below})
  if(name STREQUAL "grpc_message_fuzz")
    target_link_libraries(${name} PRIVATE rondo_wire)
  endif()
  if(RONDO_FUZZERS)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/driver.cc)
    string(REPLACE "_fuzz" "" corpus ${name})
    add_test(NAME fuzz_${corpus} COMMAND ${name} --random 2000 --seed 1
                                         ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${corpus})
  endif()
endforeach()
