# What a user of a plugin needs: the program, the headers, the worlds, and find_package(orrery).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS orrery RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS orrery_compat LIBRARY DESTINATION lib/orrery)
foreach(folder actors policies traces sim compat)
  install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/orrery
    FILES_MATCHING PATTERN "*.hpp")
endforeach()

set(package lib/cmake/orrery)
configure_package_config_file(cmake/orreryConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/orreryConfig.cmake INSTALL_DESTINATION ${package}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR)
# Classes cross the border: a plugin fits the version that it was built for and no other.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/orreryConfigVersion.cmake
  COMPATIBILITY ExactVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/orreryConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/orreryConfigVersion.cmake DESTINATION ${package})
