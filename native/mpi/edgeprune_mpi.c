#include "edgeprune_mpi.h"

#include <mpi.h>
#include <stdlib.h>

_Static_assert(EPM_TEXT >= MPI_MAX_PROCESSOR_NAME && EPM_TEXT >= MPI_MAX_LIBRARY_VERSION_STRING && EPM_TEXT >= MPI_MAX_ERROR_STRING,
               "EPM_TEXT is too small for this MPI library");

int32_t epm_version(void) { return EPM_VERSION; }

int32_t epm_init(int32_t *rank, int32_t *size) {
    int provided, r, s, code;
    if ((code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided)) != MPI_SUCCESS) return code;
    /* MPI's own handler would end the job without saying which operation of edgeprune failed. */
    if ((code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN)) != MPI_SUCCESS) return code;
    if ((code = MPI_Comm_rank(MPI_COMM_WORLD, &r)) != MPI_SUCCESS) return code;
    if ((code = MPI_Comm_size(MPI_COMM_WORLD, &s)) != MPI_SUCCESS) return code;
    *rank = r;
    *size = s;
    return 0;
}

int32_t epm_names(char *host, char *library) {
    int length, code = MPI_Get_processor_name(host, &length);
    return code != MPI_SUCCESS ? code : MPI_Get_library_version(library, &length);
}

/* Where parts begin that follow each other. */
static void begin(const int32_t *lengths, int size, int *counts, int *starts) {
    for (int r = 0, next = 0; r < size; next += counts[r++]) {
        counts[r] = lengths[r];
        starts[r] = next;
    }
}

int32_t epm_allgatherv(const void *mine, int32_t length, void *all, const int32_t *lengths) {
    int size, code;
    if ((code = MPI_Comm_size(MPI_COMM_WORLD, &size)) != MPI_SUCCESS) return code;
    int *counts = malloc(2 * (size_t)size * sizeof *counts);
    if (!counts) return MPI_ERR_NO_MEM;
    int *starts = counts + size;
    begin(lengths, size, counts, starts);
    code = MPI_Allgatherv(mine, length, MPI_BYTE, all, counts, starts, MPI_BYTE, MPI_COMM_WORLD);
    free(counts);
    return code;
}

int32_t epm_alltoallv(const void *mine, const int32_t *sent, void *all, const int32_t *received) {
    int size, code;
    if ((code = MPI_Comm_size(MPI_COMM_WORLD, &size)) != MPI_SUCCESS) return code;
    int *counts = malloc(4 * (size_t)size * sizeof *counts);
    if (!counts) return MPI_ERR_NO_MEM;
    int *starts = counts + size, *counts_here = starts + size, *starts_here = counts_here + size;
    begin(sent, size, counts, starts);
    begin(received, size, counts_here, starts_here);
    code = MPI_Alltoallv(mine, counts, starts, MPI_BYTE, all, counts_here, starts_here, MPI_BYTE, MPI_COMM_WORLD);
    free(counts);
    return code;
}

int32_t epm_abort(int32_t code) { return MPI_Abort(MPI_COMM_WORLD, code); }

int32_t epm_finalize(void) { return MPI_Finalize(); }

void epm_error(int32_t code, char *text) {
    int length;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) text[0] = 0;
}
