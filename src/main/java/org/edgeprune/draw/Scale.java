package org.edgeprune.draw;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/** The values that an axis shows, from {@code low} to {@code high}, and its ticks. */
sealed interface Scale {
    /** A labelled value of an axis. */
    record Tick(double value, String label) {}

    /** The position of a value: 0 at the axis' start, 1 at its end. */
    double position(double value);

    /**
     * The labelled values, ascending, all of them on the axis.
     *
     * @param most the largest number of ticks, at least 2; a scale may exceed it
     */
    List<Tick> ticks(int most);

    /** Equal distances for equal differences. */
    record Linear(double low, double high) implements Scale {
        /** From {@code low} to {@code high}, extended by a twentieth at both ends, but not across zero; never empty. */
        static Linear around(double low, double high) {
            double magnitude = Math.max(Math.abs(low), Math.abs(high));
            double margin = high - low > 1e-9 * magnitude ? (high - low) / 20 : magnitude == 0 ? 1 : magnitude / 10;
            return new Linear(
                    low >= 0 ? Math.max(0, low - margin) : low - margin,
                    high <= 0 && low < 0 ? Math.min(0, high + margin) : high + margin);
        }

        @Override
        public double position(double value) {
            return (value - low) / (high - low);
        }

        @Override
        public List<Tick> ticks(int most) {
            double step = step((high - low) / most);
            DecimalFormat format = format(step < 1e-4 || Math.max(Math.abs(low), Math.abs(high)) >= 1e7);
            return LongStream.rangeClosed((long) Math.ceil(low / step), (long) Math.floor(high / step))
                    .mapToObj(i -> new Tick(i * step, format.format(i == 0 ? 0.0 : i * step)))
                    .toList();
        }

        /** The smallest of 1, 2 or 5 times a power of ten that is at least this. */
        private static double step(double least) {
            double power = Math.pow(10, Math.floor(Math.log10(least)));
            return power * (least <= power ? 1 : least <= 2 * power ? 2 : least <= 5 * power ? 5 : 10);
        }

        private static DecimalFormat format(boolean powers) {
            return new DecimalFormat(
                    powers ? "0.####E0" : "#,##0.#####", DecimalFormatSymbols.getInstance(Locale.ROOT));
        }
    }

    /** Equal distances for equal ratios: powers of ten, and two and five times these if the range is short. */
    record Logarithmic(double low, double high) implements Scale {
        private static final int SHORT_RANGE = 3;

        /**
         * From {@code low} to {@code high}, both positive, extended by a twentieth of their logarithmic distance at
         * both ends.
         */
        static Logarithmic around(double low, double high) {
            double margin = high > low * (1 + 1e-9) ? Math.pow(high / low, 0.05) : 2;
            return new Logarithmic(low / margin, high * margin);
        }

        @Override
        public double position(double value) {
            return Math.log(value / low) / Math.log(high / low);
        }

        @Override
        public List<Tick> ticks(int most) {
            double decades = Math.log10(high / low);
            double[] factors = decades < SHORT_RANGE ? new double[] {1, 2, 5} : new double[] {1};
            int every = Math.max(1, (int) Math.ceil(decades / most));
            int last = (int) Math.floor(Math.log10(high));
            List<Tick> ticks = new ArrayList<>();
            for (int e = Math.floorDiv((int) Math.floor(Math.log10(low)), every) * every; e <= last; e += every) {
                DecimalFormat format = new DecimalFormat(
                        e < -3 || e > 4 ? "0.##E0" : "0.####", DecimalFormatSymbols.getInstance(Locale.ROOT));
                for (double factor : factors) {
                    double value = factor * Math.pow(10, e);
                    if (value >= low && value <= high) {
                        ticks.add(new Tick(value, format.format(value)));
                    }
                }
            }
            // there may be no tick between 2 and 5
            return ticks.size() >= 2 ? ticks : new Linear(low, high).ticks(most);
        }
    }
}
