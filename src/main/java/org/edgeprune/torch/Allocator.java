package org.edgeprune.torch;

import org.edgeprune.io.InputException;

/** What gives CPU tensors their memory in this process. */
enum Allocator {
    /** The shim's allocator, which keeps large freed blocks for the next tensors. */
    EDGEPRUNE("edgeprune's; keeps the memory of large freed tensors"),
    /** libtorch's allocator, which is malloc, because the user asked for it. */
    SYSTEM("the system's, as EDGEPRUNE_ALLOCATOR says"),
    /**
     * libtorch's allocator, because it has a form that the shim does not know and cannot replace; always so on macOS,
     * whose libraries do not tell.
     */
    LIBTORCH("libtorch's; edgeprune's does not fit this libtorch");

    static final String VARIABLE = "EDGEPRUNE_ALLOCATOR";

    private final String description;

    Allocator(String description) {
        this.description = description;
    }

    /**
     * Whether {@code value}, that of {@code EDGEPRUNE_ALLOCATOR}, leaves memory to the system: {@code system} does,
     * {@code edgeprune}, blank and null do not.
     *
     * @throws InputException if it is anything else
     */
    static boolean isSystem(String value) {
        String name = value == null ? "" : value.strip();
        return switch (name) {
            case "system" -> true;
            case "", "edgeprune" -> false;
            default ->
                throw new InputException(
                        VARIABLE + ": '" + name + "' is not an allocator: give 'system' or 'edgeprune', or unset it");
        };
    }

    /** For the user, such as {@code the system's, as EDGEPRUNE_ALLOCATOR says}. */
    @Override
    public String toString() {
        return description;
    }
}
