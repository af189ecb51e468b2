// The keeper's program, as bytes of this library: it is found wherever the library is.

// NOLINTNEXTLINE(hicpp-no-assembler): the assembler alone can take in a file as it is.
asm(R"(
  .section .rodata
  .global orrery_keeper_begin
  .global orrery_keeper_end
  .balign 16
orrery_keeper_begin:
  .incbin ")" ORRERY_KEEPER R"("
orrery_keeper_end:
  .previous
)");
