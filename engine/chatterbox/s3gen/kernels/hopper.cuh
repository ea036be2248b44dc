// Products on Hopper's own tensor-core instructions, by four warps together, whose sums are laid
// out as those of mma.m16n8k16: warp w holds rows 16w to 16w + 15. Elsewhere they do not exist.
//
// A matrix in shared memory is rows of 64 halves, chunk c of row r at place c ^ (r % 8), from a
// multiple of 1,024 bytes on: the 128-byte swizzle of the PTX manual, as wgmma reads it.
#pragma once
#include "tiles.cuh"

#if defined(__CUDA_ARCH_FEAT_SM90_ALL) && !defined(AS_ELSEWHERE)
#define HOPPER 1

#if BF16
#define HALF "bf16"
#else
#define HALF "f16"
#endif

// What wgmma is told of a matrix: its address, 1,024 bytes between groups of eight rows, swizzled.
DEVICE u64 matrix_at(const half_t *shared) {
    u64 place = u32(__cvta_generic_to_shared(shared));
    return (place >> 4 & 0x3fff) | u64(1) << 16 | u64(64) << 32 | u64(1) << 62;
}

// What ordinary stores and copies put into shared memory is seen by wgmma after this and a barrier.
DEVICE void show_to_products() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
DEVICE void begin_products() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEVICE void end_products() {
    asm volatile("wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;" ::: "memory");
}

#define SUMS_8(d, i)                                                                               \
    "+f"(d[i][0]), "+f"(d[i][1]), "+f"(d[i][2]), "+f"(d[i][3]), "+f"(d[i + 1][0]),                 \
        "+f"(d[i + 1][1]), "+f"(d[i + 1][2]), "+f"(d[i + 1][3])
#define SUMS_32(d) SUMS_8(d, 0), SUMS_8(d, 2), SUMS_8(d, 4), SUMS_8(d, 6)
// Behind a wait for products, before their sums are read: nothing of them is read earlier.
DEVICE void settle(float (&d)[8][4]) { asm volatile("" : SUMS_32(d)::"memory"); }
#define NAMES_16                                                                                   \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
#define NAMES_32                                                                                   \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, "  \
    "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define NAMES_64                                                                                   \
    NAMES_32 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "  \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define NAMES_128                                                                                  \
    NAMES_64 ", " \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, " \
    "%81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, %96, %97, " \
    "%98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
    "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, " \
    "%126, %127"
#define SUMS_64(d, i)                                                                              \
    SUMS_8(d, i), SUMS_8(d, i + 2), SUMS_8(d, i + 4), SUMS_8(d, i + 6), SUMS_8(d, i + 8),          \
        SUMS_8(d, i + 10), SUMS_8(d, i + 12), SUMS_8(d, i + 14)

// `d` (64 x 32), or zero where not `more`, plus 16 columns of `a` (64 rows) times `b` (32 rows).
DEVICE void multiply_32(float (&d)[4][4], u64 a, u64 b, int more) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %18, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n32k16.f32." HALF "." HALF
                 " {" NAMES_16 "}, %16, %17, p, 1, 1, 0, 0; }"
                 : SUMS_8(d, 0), SUMS_8(d, 2) : "l"(a), "l"(b), "r"(more));
}

// `d` (64 x 64), or zero where not `more`, plus 16 columns of `a` (64 rows) times `b` (64 rows).
DEVICE void multiply_64(float (&d)[8][4], u64 a, u64 b, int more) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %34, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n64k16.f32." HALF "." HALF
                 " {" NAMES_32 "}, %32, %33, p, 1, 1, 0, 0; }"
                 : SUMS_32(d) : "l"(a), "l"(b), "r"(more));
}

// The same with `a` in registers. TRANSPOSED: `b` has 16 rows that lie along the sums' columns.
template <int TRANSPOSED>
DEVICE void multiply_64(float (&d)[8][4], const u32 (&a)[4], u64 b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %37, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n64k16.f32." HALF "." HALF
                 " {" NAMES_32 "}, {%32, %33, %34, %35}, %36, p, 1, 1, %38; }"
                 : SUMS_32(d)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1), "n"(TRANSPOSED));
}

// The same for 128 rows of `b`; added to what is there, or to zero where not `more`.
DEVICE void multiply_128(float (&d)[16][4], u64 a, u64 b, int more = 1) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %66, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k16.f32." HALF "." HALF
                 " {" NAMES_64 "}, %64, %65, p, 1, 1, 0, 0; }"
                 : SUMS_32(d), SUMS_8(d, 8), SUMS_8(d, 10), SUMS_8(d, 12), SUMS_8(d, 14)
                 : "l"(a), "l"(b), "r"(more));
}

DEVICE void multiply_128(float (&d)[16][4], const u32 (&a)[4], u64 b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %69, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k16.f32." HALF "." HALF
                 " {" NAMES_64 "}, {%64, %65, %66, %67}, %68, p, 1, 1, 0; }"
                 : SUMS_32(d), SUMS_8(d, 8), SUMS_8(d, 10), SUMS_8(d, 12), SUMS_8(d, 14)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
}

// `d` (64 x 256), or zero where not `more`, plus 16 columns of `a` (64 rows) times `b` (256 rows).
DEVICE void multiply_256(float (&d)[32][4], u64 a, u64 b, int more) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %130, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k16.f32." HALF "." HALF
                 " {" NAMES_128 "}, %128, %129, p, 1, 1, 0, 0; }"
                 : SUMS_64(d, 0), SUMS_64(d, 16) : "l"(a), "l"(b), "r"(more));
}
// `d` (64 x 256) plus 16 columns of `a`, in registers, times `b` (256 rows).
DEVICE void multiply_256(float (&d)[32][4], const u32 (&a)[4], u64 b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %133, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k16.f32." HALF "." HALF
                 " {" NAMES_128 "}, {%128, %129, %130, %131}, %132, p, 1, 1, 0; }"
                 : SUMS_64(d, 0), SUMS_64(d, 16)
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
}
DEVICE void settle(float (&d)[16][4]) { asm volatile("" : SUMS_64(d, 0)::"memory"); }
DEVICE void settle(float (&d)[32][4]) { asm volatile("" : SUMS_64(d, 0), SUMS_64(d, 16)::"memory"); }
#else
#define HOPPER 0
DEVICE void show_to_products() {}
#endif
