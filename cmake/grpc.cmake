# The gRPC module: opened only when `[deploy] grpc` is set, so that gRPC is linked with nothing else
# and costs no start. Messages come from the .proto files at each build.
find_package(PkgConfig REQUIRED)
pkg_check_modules(GRPC REQUIRED IMPORTED_TARGET grpc++ protobuf)
find_program(PROTOC protoc REQUIRED)
find_program(GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
set(protos ${CMAKE_SOURCE_DIR}/modules/grpc)
set(wire ${CMAKE_BINARY_DIR}/wire)
file(MAKE_DIRECTORY ${wire})
foreach(name inference health)
  set(made ${wire}/${name}.pb.cc ${wire}/${name}.grpc.pb.cc)
  add_custom_command(
    OUTPUT ${made} ${wire}/${name}.pb.h ${wire}/${name}.grpc.pb.h
    COMMAND ${PROTOC} -I ${protos} --cpp_out=${wire} --grpc_out=${wire}
            --plugin=protoc-gen-grpc=${GRPC_PLUGIN} ${name}.proto
    DEPENDS ${protos}/${name}.proto)
  set_source_files_properties(${made} PROPERTIES COMPILE_OPTIONS -w)
  set(wire_${name} ${made})
endforeach()

set(wire_sources)
foreach(name acceptor asks calls credentials health infers tensors)
  list(APPEND wire_sources ${protos}/${name}.cc)
endforeach()
add_library(rondo_wire STATIC ${wire_inference} ${wire_health} ${wire_sources})
target_include_directories(rondo_wire SYSTEM PUBLIC ${wire})
target_include_directories(rondo_wire PUBLIC ${CMAKE_SOURCE_DIR}/src ${protos})
target_link_libraries(rondo_wire PUBLIC PkgConfig::GRPC)
add_library(rondo_grpc MODULE ${protos}/server.cc)
target_link_libraries(rondo_grpc PRIVATE rondo_wire)
set_target_properties(rondo_wire rondo_grpc PROPERTIES POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF)
add_dependencies(rondo rondo_grpc)
set_source_files_properties(src/api/rpc_module.cc PROPERTIES
                            COMPILE_DEFINITIONS RONDO_GRPC_MODULE="$<TARGET_FILE:rondo_grpc>"
                            SKIP_UNITY_BUILD_INCLUSION ON)
