package org.edgeprune.attribute;

import java.util.Arrays;
import java.util.function.DoubleSupplier;

/**
 * The losses that a search has computed, in their order. What {@link Acdc} does next follows from them, so that a
 * search that was cut off is continued by handing it the losses that it had: it asks for them again, and computes the
 * rest.
 */
public final class LossJournal {
    private final Keeper keeper;
    private double[] losses;
    private int size;
    private int read;

    /** Keeps a journal for a search that is cut off. */
    @FunctionalInterface
    public interface Keeper {
        /** Keeps nothing. */
        Keeper NONE = journal -> {};

        /**
         * Called after each loss that was computed.
         *
         * @param journal to be kept, or not yet
         */
        void changed(LossJournal journal);
    }

    /**
     * A journal that another search may have left.
     *
     * @param losses that were computed, from the first on; copied
     * @param keeper keeps the journal as it grows
     */
    public LossJournal(double[] losses, Keeper keeper) {
        this.losses = losses.clone();
        this.size = losses.length;
        this.keeper = keeper;
    }

    /**
     * The journal of a search that begins.
     *
     * @return an empty journal, which nobody keeps
     */
    public static LossJournal empty() {
        return new LossJournal(new double[0], Keeper.NONE);
    }

    /**
     * All losses so far.
     *
     * @return a copy, in the order in which they were computed
     */
    public double[] losses() {
        return Arrays.copyOf(losses, size);
    }

    /** The next loss: from the journal if it is there, else computed and noted. */
    double next(DoubleSupplier loss) {
        if (read < size) {
            return losses[read++];
        }
        if (size == losses.length) {
            losses = Arrays.copyOf(losses, Math.max(64, 2 * size));
        }
        losses[size++] = loss.getAsDouble();
        read = size;
        keeper.changed(this);
        return losses[read - 1];
    }
}
