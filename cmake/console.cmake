# The console's files, compressed and compiled into the program; what they stand on comes from
# deps/fetch.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
file(GLOB console CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/console/* ${deps}/console/*)
set(console_assets ${CMAKE_BINARY_DIR}/console/assets.cc)
add_custom_command(
  OUTPUT ${console_assets}
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/embed.py ${CMAKE_SOURCE_DIR}/console
          ${deps}/console ${console_assets}
  DEPENDS ${CMAKE_SOURCE_DIR}/cmake/embed.py ${console})
target_sources(rondo_api PRIVATE ${console_assets})
set_source_files_properties(${console_assets} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
                                                         SKIP_PRECOMPILE_HEADERS ON)
