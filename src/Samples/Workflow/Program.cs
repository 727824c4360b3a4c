using OrleansDtm.Samples;
using OrleansDtm.Samples.Workflow;

// A workflow resumes after a crash where it stopped.
return args switch
{
    [] => await Stage.Run("Workflow: a journey is booked, or everything is cancelled", Story.Tell),
    [var coordinator, var partners, var agency, var gid, var traveller] => await Agency.BookAndDie(
        new Uri(coordinator), partners, agency, gid, traveller),
    _ => 2,
};
