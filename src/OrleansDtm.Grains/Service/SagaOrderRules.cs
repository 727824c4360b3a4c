using System.Globalization;

namespace OrleansDtm.Grains.Service;

/// <summary>The orders of a concurrent saga must name its steps and must not wait in a circle.</summary>
internal static class SagaOrderRules
{
    private const string Field = "custom_data.orders";

    /// <summary>By step index the indexes before it; null = none given.</summary>
    public static Dictionary<int, int[]>? Check(Dictionary<string, int[]?>? orders, int steps)
    {
        if (orders is null || orders.Count == 0)
        {
            return null;
        }

        var result = new Dictionary<int, int[]>(orders.Count);
        foreach (var (key, before) in orders)
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var step) || step >= steps)
            {
                throw new RequestException(Field, $"'{RequestValidator.Printable(key)}' is not the index of a step (0 to {steps - 1})");
            }

            foreach (var predecessor in before ?? [])
            {
                if (predecessor < 0 || predecessor >= steps)
                {
                    throw new RequestException(Field, $"step {step} waits for {predecessor}, which is not the index of a step (0 to {steps - 1})");
                }
            }

            result[step] = [.. (before ?? []).Distinct()];
        }

        RefuseCircles(result, steps);
        return result;
    }

    /// <summary>Takes away, again and again, the steps that wait for nothing; what remains waits for itself.</summary>
    private static void RefuseCircles(Dictionary<int, int[]> orders, int steps)
    {
        var waitsFor = new int[steps];
        var successors = new List<int>[steps];
        for (var step = 0; step < steps; step++)
        {
            successors[step] = [];
        }

        foreach (var (step, before) in orders)
        {
            waitsFor[step] = before.Length;
            foreach (var predecessor in before)
            {
                successors[predecessor].Add(step);
            }
        }

        var free = new Queue<int>(Enumerable.Range(0, steps).Where(step => waitsFor[step] == 0));
        var taken = 0;
        while (free.TryDequeue(out var step))
        {
            taken++;
            foreach (var successor in successors[step])
            {
                if (--waitsFor[successor] == 0)
                {
                    free.Enqueue(successor);
                }
            }
        }

        if (taken < steps)
        {
            var stuck = string.Join(", ", Enumerable.Range(0, steps).Where(step => waitsFor[step] > 0));
            throw new RequestException(Field, $"steps {stuck} wait for each other in a circle");
        }
    }
}
