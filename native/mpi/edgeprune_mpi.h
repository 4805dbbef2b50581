/* The part of MPI that edgeprune calls, with fixed-width types in place of MPI's handles, whose types differ between MPI libraries.
   Functions return 0, or an MPI error code, which epm_error puts into words. All are called by one thread at a time. */
#ifndef EDGEPRUNE_MPI_H
#define EDGEPRUNE_MPI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised with every incompatible change of this header; Java refuses a library of another version. */
#define EPM_VERSION 2
#define EPM_TEXT 8192 /* bytes that any text needs, with its final 0 */

int32_t epm_version(void);

/* Joins the job (MPI_Init_thread) and gives this process's rank and the number of ranks in MPI_COMM_WORLD. */
int32_t epm_init(int32_t *rank, int32_t *size);

/* Names of this rank's host and of the MPI library; each buffer holds EPM_TEXT bytes. */
int32_t epm_names(char *host, char *library);

/* Writes `length` bytes of every rank to `all`, in the order of the ranks; lengths[r] is that of rank r, and their sum is below 2^31. */
int32_t epm_allgatherv(const void *mine, int32_t length, void *all, const int32_t *lengths);

/* Sends sent[r] bytes of `mine`, whose parts follow each other, to each rank r, and writes the received[r] bytes that rank r sent here to
   `all`, in the order of the ranks. The sums of both are below 2^31. */
int32_t epm_alltoallv(const void *mine, const int32_t *sent, void *all, const int32_t *received);

/* Ends all ranks of the job, with this exit code. Does not return where the MPI library keeps what the standard promises. */
int32_t epm_abort(int32_t code);

int32_t epm_finalize(void);

/* Writes what a code means to a buffer of EPM_TEXT bytes. */
void epm_error(int32_t code, char *text);

#ifdef __cplusplus
}
#endif

#endif
