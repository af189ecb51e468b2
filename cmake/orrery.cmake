# Compile flags common to every target, and how a layer becomes a library.

add_library(orrery_flags INTERFACE)
target_include_directories(orrery_flags INTERFACE ${PROJECT_SOURCE_DIR})
# Without contraction a * b + c rounds alike on every machine; frame pointers keep profiles readable.
target_compile_options(orrery_flags INTERFACE -ffp-contract=off -fno-omit-frame-pointer
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion
  -Wno-sign-conversion)
if(ORRERY_WERROR)
  target_compile_options(orrery_flags INTERFACE -Werror)
endif()
if(ORRERY_SANITIZE)
  target_compile_options(orrery_flags INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all)
  target_link_options(orrery_flags INTERFACE -fsanitize=address,undefined)
endif()
if(ORRERY_TSAN)
  target_compile_options(orrery_flags INTERFACE -fsanitize=thread)
  target_link_options(orrery_flags INTERFACE -fsanitize=thread)
endif()

# orrery_layer(NAME dependency...): every .cpp of the current folder as the static library NAME.
function(orrery_layer name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC orrery_flags ${ARGN})
endfunction()
