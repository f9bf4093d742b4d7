# What is installed: bin/rondo, and lib/rondo with the libraries that it opens at first use and what
# these and it need beside glibc. Each stands there under the name by which it is sought.
include(GNUInstallDirs)
install(TARGETS rondo RUNTIME DESTINATION bin)
# gRPC's libraries go along as they are: their archives cannot be linked into a module.
install(TARGETS rondo_grpc LIBRARY DESTINATION lib/rondo)
install(CODE "set(module \"$<TARGET_FILE:rondo_grpc>\")")
install(CODE [[
  file(GET_RUNTIME_DEPENDENCIES LIBRARIES ${module} RESOLVED_DEPENDENCIES_VAR found
       PRE_EXCLUDE_REGEXES "^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv)\\.so.*)$"
                           "^lib(stdc\\+\\+|gcc_s)\\.so.*$")
  foreach(library ${found})
    get_filename_component(name ${library} NAME)
    file(REAL_PATH ${library} real)
    file(COPY_FILE ${real} $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/rondo/${name})
  endforeach()
]])
install(FILES LICENSE README.md DESTINATION share/doc/rondo)
install(PROGRAMS ${duckdb} DESTINATION lib/rondo RENAME libduckdb.so)
install(PROGRAMS ${lightgbm} DESTINATION lib/rondo RENAME lib_lightgbm.so)
install(PROGRAMS ${deps}/lib/libadbc_driver_postgresql.so ${deps}/lib/libadbc_driver_sqlite.so
        DESTINATION lib/rondo)
# libsimdjson.so is a link to libsimdjson.so.N, its name at run time, and that to the file.
file(READ_SYMLINK ${SIMDJSON} simdjson)
foreach(name ${simdjson} libgomp.so.1 libstdc++.so.6 libgcc_s.so.1)
  find_file(FOUND_${name} ${name} REQUIRED
            PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} /lib/${CMAKE_LIBRARY_ARCHITECTURE})
  file(REAL_PATH ${FOUND_${name}} real)
  install(PROGRAMS ${real} DESTINATION lib/rondo RENAME ${name})
endforeach()
